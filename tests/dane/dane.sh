#!/bin/sh
# DNSSEC and DANE, with zones that are signed here: what the resolver says of answers, and what becomes of streams in both
# directions between a fedgated that validates and one that does not. [B14] [RFC7671] [RFC7673]
#
# The gateway's row for everybody is number 2: without a certificate that is valid nothing opens. Each partner has its own
# domain, certificate and records; the table below says which, and what has to come of it.
set -u
top=$(cd "$top_srcdir" && pwd)
build=$(cd "$top_builddir" && pwd)
programs=$build/tests/lib
PATH=$PATH:/usr/sbin:/sbin
for program in nsd ldns-keygen ldns-signzone; do
	command -v $program >/dev/null && continue
	echo "1..0 # SKIP $program is not installed (contrib/packages --interop)"
	exit 0
done
scratch=$(mktemp -d) || exit 99
. "$top/tests/lib/peers.sh"
. "$top/tests/lib/zone.sh"
finish() {
	status=$?
	trap - EXIT
	peers_stop
	if [ "$status" = 0 ] && [ "$failed" = 0 ]; then
		rm -rf "$scratch"
	else
		rm -rf "$build/tests/dane/failed"
		mkdir -p "$build/tests/dane"
		mv "$scratch" "$build/tests/dane/failed"
		echo "# logs, zones and configurations are in $build/tests/dane/failed"
	fi
	exit "$status"
}
number=0
failed=0
trap finish EXIT
trap 'exit 99' HUP INT TERM

ok() { # NAME: the last command's status decides
	[ "$?" = 0 ] && good= || good="not "
	number=$((number + 1))
	[ -z "$good" ] || failed=$((failed + 1))
	echo "${good}ok $number - $1"
}

pki() { "$top/contrib/pki" "$scratch/pki" "$@"; }

# ---- partners ----
#
# DOMAIN CERTIFICATE DANE OUT IN RECORD...
#   CERTIFICATE  ca: by the authority that is trusted; own: by itself; stranger: by one that is not; host: by the authority, for
#                the host xmpp.DOMAIN alone
#   DANE         what the gateway's partner says; - = nothing
#   OUT, IN      the match that a stream opens with, "no" where DNS proves nothing; or the failure that it ends with
#   RECORD       USAGE-SELECTOR-MATCHING of the partner's own certificate, ca: of its authority, other: of another one, bad: one
#                that is malformed
# apex has no SRV records, direct has those of direct TLS alone, one of odd's is malformed, lame's server is in a zone that
# nobody answers for, and lame-one has another such one.
cat >"$scratch/table" <<'END'
ee.test            own      -             ee            ee            3-1-1
ee-whole.test      own      -             ee            ee            3-0-1
ee-full.test       own      -             ee            ee            3-1-0
ee-long.test       own      required      ee            ee            3-0-2
ta.test            stranger -             ta            ta            ca:2-0-1
ta-key.test        stranger required      ta            ta            ca:2-1-2
ta-other.test      stranger -             dane-mismatch dane-mismatch other:2-0-1
pkix-ee.test       ca       required      pkix          pkix          1-1-1
pkix-ta.test       ca       required      pkix          pkix          ca:0-0-1
pkix-stranger.test stranger -             certificate-untrusted certificate-untrusted 1-1-1
mismatch.test      ca       -             dane-mismatch dane-mismatch other:3-1-1
two.test           own      -             ee            ee            other:3-1-1 3-1-1
bad.test           own      -             ee            ee            bad: 3-1-1
bad-only.test      ca       -             absent        absent        bad:
future.test        ca       -             absent        absent        other:9-1-1
off.test           ca       off           no            no            other:3-1-1
none.test          ca       -             absent        absent
none-own.test      own      -             certificate-self-signed certificate-self-signed
missing.test       ca       required      dane-missing  dane-missing
host.test          host     -             absent        absent
apex.test          own      -             ee            ee            3-1-1
direct.test        own      required      ee            ee            3-1-1
odd.test           ca       -             absent        absent
lame.test          ca       -             dns-failed    dns-failed    3-1-1
lame-one.test      own      -             ee            ee            3-1-1
a.insecure.test    ca       -             no            no            other:3-1-1
b.insecure.test    own      -             certificate-self-signed certificate-self-signed 3-1-1
c.insecure.test    host     -             certificate-name certificate-name
d.insecure.test    ca       required      dane-missing  dane-missing  3-1-1
a.forged.test      own      -             dns-bogus     dns-bogus     3-1-1
b.forged.test      ca       off           dns-bogus     no
a.tlsa.test        own      -             dns-bogus     dns-bogus     3-1-1
a.expired.test     ca       -             dns-bogus     dns-bogus     3-1-1
a.unproven.test    ca       -             dns-bogus     dns-bogus
late.test          ca       -             later         no
late-own.test      own      required      later         dane-missing  3-1-1
END

certificate() { # DOMAIN KIND
	case $2 in
	ca) pki leaf "$1" ;;
	own) pki leaf "$1" --self-signed ;;
	stranger) pki leaf "$1" --ca stranger ;;
	host) pki leaf "$1" --name "xmpp.$1" ;;
	esac
}

digest() { # SELECTOR MATCHING FILE: of its first certificate
	if [ "$1" = 0 ]; then
		openssl x509 -in "$3" -outform DER
	else
		openssl x509 -in "$3" -noout -pubkey | openssl pkey -pubin -outform DER
	fi | case $2 in
	0) cat ;;
	2) openssl dgst -sha512 -binary ;;
	*) openssl dgst -sha256 -binary ;;
	esac | od -An -v -tx1 | tr -d ' \n'
}

record() { # OWNER RECORD FILE AUTHORITY
	numbers=${2##*:}
	case $2 in
	bad:) # a digest of two bytes
		echo "$1 IN TYPE52 \\# 5 030101abcd"
		return
		;;
	ca:*) of=$4 ;;
	other:*) of=$scratch/pki/gate.test.pem ;;
	*) of=$3 ;;
	esac
	usage=${numbers%%-*} matching=${numbers##*-}
	selector=${numbers#*-}
	selector=${selector%-*}
	echo "$1 IN TLSA $usage $selector $matching $(digest "$selector" "$matching" "$of")"
}

entries() { # LABEL DOMAIN CERTIFICATE RECORD...: lines of a zone
	label=$1 file=$scratch/pki/$2.pem authority=$scratch/pki/ca.pem
	[ "$3" != stranger ] || authority=$scratch/pki/stranger.pem
	domain=$2
	shift 3
	host=xmpp.$label port=5269
	case $domain in
	direct.test)
		port=5270
		echo "_xmpps-server._tcp.$label IN SRV 0 0 5270 $host"
		;;
	odd.test) echo "_xmpp-server._tcp.$label IN SRV 1 0 0 $host" ;;
	apex.test) host=$label ;; # the domain's own address and port
	lame.test) echo "_xmpp-server._tcp.$label IN SRV 0 0 5269 xmpp.nowhere.example." ;;
	lame-one.test) echo "_xmpp-server._tcp.$label IN SRV 1 0 5269 xmpp.nowhere.example." ;;
	esac
	case $domain in
	apex.test | direct.test | lame.test) ;;
	*) echo "_xmpp-server._tcp.$label IN SRV 0 0 5269 $host" ;;
	esac
	echo "$host IN A $net.2"
	for r; do
		record "_$port._tcp.$host" "$r" "$file" "$authority"
	done
}

pki ca
pki ca stranger
pki leaf gate.test
(umask 077 && echo "$secret" >"$scratch/app.secret")
echo "partners:" >"$scratch/gate-partners.yml"
echo "domains:" >"$scratch/peer-domains.yml"
: >"$scratch/test.zone"
while read -r domain kind dane out in records; do
	certificate "$domain" "$kind"
	zone=${domain#*.}
	# shellcheck disable=SC2086
	entries "${domain%%.*}" "$domain" "$kind" $records >>"$scratch/$zone.zone"
	echo "  $domain: { tls: required, sasl: required, dialback: false$([ "$dane" = - ] || echo ", dane: $dane") }" \
		>>"$scratch/gate-partners.yml"
	echo "  $domain: { certificate: pki/$domain.pem, private-key: pki/$domain.key, inside: app }" \
		>>"$scratch/peer-domains.yml"
done <"$scratch/table"

# ---- zones ----
{
	echo "_xmpp-server._tcp.gate IN SRV 0 0 5269 xmpp.gate"
	echo "xmpp.gate IN A $net.1"
	for child in insecure forged tlsa expired unproven; do
		echo "$child IN NS ns.$child"
		echo "ns.$child IN A ${dns%@*}"
	done
} >>"$scratch/test.zone"
zone_plain insecure.test
zone_sign forged.test
zone_forge forged.test 's/\(IN\tSRV\t\)0 0/\11 0/'
zone_sign tlsa.test
zone_forge tlsa.test '/IN\tTLSA\t/s/3 1 1 ./3 1 1 f/; /IN\tTLSA\t/s/3 1 1 f\(.\)./3 1 1 f\1f/'
zone_sign expired.test expired
zone_sign unproven.test
zone_forge unproven.test '/IN\tNSEC3\t/d; /RRSIG\tNSEC3 /d'
for child in forged tlsa expired unproven; do
	cat "$scratch/$child.test.ds" >>"$scratch/test.zone"
done
zone_sign test
zone_anchor test
zone_serve
ok "the zones are signed and served"

# ---- what the resolver says ----
look() { # ANCHORS TYPE NAME EXPECTED
	"$build/tests/net/look" "$dns" "$1" "$2" "$3" >"$scratch/look.out"
	grep -qE "^$3 $4" "$scratch/look.out"
	ok "$2 $3: $4"
	grep -qE "^$3 $4" "$scratch/look.out" || sed 's/^/# /' "$scratch/look.out"
}
anchors=$scratch/anchors
look "$anchors" srv _xmpp-server._tcp.ee.test 'secure none 1 ignored=0 $'
look "$anchors" address xmpp.ee.test 'secure none 1 ignored=0 $'
look "$anchors" tlsa _5269._tcp.xmpp.ee.test 'secure none 1 ignored=0 $'
look "$anchors" tlsa _5269._tcp.xmpp.bad.test 'secure none 1 ignored=1 $'
look "$anchors" tlsa _5269._tcp.xmpp.bad-only.test 'secure dns-not-found 0 ignored=1 $'
look "$anchors" tlsa _5269._tcp.xmpp.none.test 'secure dns-not-found 0 ignored=0 $'
look "$anchors" srv _xmpp-server._tcp.nobody.test 'secure dns-not-found 0 ignored=0 $'
look "$anchors" address xmpp.a.insecure.test 'insecure none 1 ignored=0 $'
look "$anchors" tlsa _5269._tcp.xmpp.a.insecure.test 'insecure none 1 ignored=0 $'
look "$anchors" srv _xmpp-server._tcp.nobody.insecure.test 'insecure dns-not-found 0 ignored=0 $'
look "$anchors" srv _xmpp-server._tcp.a.forged.test 'insecure dns-bogus 0 ignored=0 SRV: .*signature'
look "$anchors" address xmpp.a.forged.test 'secure none 1 ignored=0 $'
look "$anchors" tlsa _5269._tcp.xmpp.a.tlsa.test 'insecure dns-bogus 0 ignored=0 TLSA: .*signature'
look "$anchors" srv _xmpp-server._tcp.a.expired.test 'insecure dns-bogus 0 ignored=0 SRV: .*expired'
look "$anchors" srv _xmpp-server._tcp.nobody.unproven.test 'insecure dns-bogus 0 ignored=0 SRV: .'
look - srv _xmpp-server._tcp.a.forged.test 'insecure none 1 ignored=0 $'
look - srv _xmpp-server._tcp.ee.test 'insecure none 1 ignored=0 $'
"$build/tests/net/look" "$dns" "$scratch/none" srv gate.test >"$scratch/look.out" 2>&1
[ $? = 1 ] && grep -q '/none: not usable as trust anchors of DNS' "$scratch/look.out"
ok "trust anchors that are not there"

# ---- what becomes of streams ----
cat >"$scratch/gate.yml" <<END
gateway:
  listen: ["$net.1:5269"]
  workers: 2
  state-dir: state
  control-socket: gate.control
  dialback-secret-file: gate.secret
tls: { trust-anchors: pki/ca.pem }
dns: { servers: ["$dns"], timeout: 4s, dnssec: on, trust-anchor-file: anchors }
domains:
  gate.test: { certificate: pki/gate.test.pem, private-key: pki/gate.test.key, inside: app }
inside:
  app: { type: component-listener, listen: "$net.1:5347", secret-file: app.secret }
include: gate-partners.yml
END
cat >"$scratch/peer.yml" <<END
gateway:
  listen: ["$net.2:5269"]
  listen-direct-tls: ["$net.2:5270"]
  state-dir: state
  control-socket: peer.control
  dialback-secret-file: peer.secret
  source-connection-limit: 1000
  partner-connection-limit: 1000
tls: { trust-anchors: pki/ca.pem }
dns: { servers: ["$dns"] }
inside:
  app: { type: component-listener, listen: "$net.2:5347", secret-file: app.secret }
partners:
  gate.test: { tls: required, sasl: required, dialback: false }
include: peer-domains.yml
END
peers_spawn gate "$build/fedgated" -c "$scratch/gate.yml"
peers_spawn peer "$build/fedgated" -c "$scratch/peer.yml"
domains=$(awk '{ print $1 }' "$scratch/table")
component_start us "$net.1:5347" gate.test
# shellcheck disable=SC2086
component_start them "$net.2:5347" $domains
peers_wait us them
ok "both daemons run"
awk '$4 != "later" { print "message gate.test", $1, 20000 }' "$scratch/table" | ask us >"$scratch/us.outcomes" &
asking=$!
awk '$4 != "later" { print "message", $1, "gate.test", 20000 }' "$scratch/table" | ask them >"$scratch/them.outcomes" &
asking="$asking $!"

line_of() { # DIRECTION DOMAIN: the line that says what became of its first stream, or of the dial
	if [ "$1" = in ]; then
		pattern=" ev=stream-(open|failed) id=[^ ]* dir=in .*remote=$2 "
	else
		pattern=" ev=(stream-(open|failed) id=[^ ]* dir=out .*|dial-failed .*)remote=$2 "
	fi
	"$programs/await" line "$scratch/gate.log" "$pattern" 20000 || echo nothing
}

judge() { # DIRECTION DOMAIN EXPECTED
	line=$(line_of "$1" "$2")
	case $3 in
	no) case $line in *" ev=stream-open "*" dane="*) false ;; *" ev=stream-open "*) ;; *) false ;; esac ;;
	ee | ta | pkix | absent) case $line in *" ev=stream-open "*" certificate=valid dane=$3 "*) ;; *) false ;; esac ;;
	*) case $line in *"-failed "*" fail=$3 "*) ;; *) false ;; esac ;;
	esac
	ok "$2 $1: $3"
	case $line in *" ev=stream-open "*"=$3 "* | *" fail=$3 "*) ;; *) [ "$3" = no ] || echo "# $line" ;; esac
}
while read -r domain kind dane out in records; do
	[ "$out" != later ] || continue
	judge out "$domain" "$out"
	judge in "$domain" "$in"
done <"$scratch/table"
# shellcheck disable=SC2086
wait $asking
awk '$4 ~ /^(ee|ta|pkix|absent|no)$/ && $4 == $5 { print $1 }' "$scratch/table" >"$scratch/good"
good=0
while read -r domain; do
	grep -q "^result=reply .*to=$domain" "$scratch/us.outcomes" && good=$((good + 1))
done <"$scratch/good"
[ "$good" = "$(wc -l <"$scratch/good")" ]
ok "messages to all partners that are proven were answered"

# ---- what is said of it ----
grep -q ' ev=dns-ignored remote=bad.test name=_5269._tcp.xmpp.bad.test records=1 ' "$scratch/gate.log"
ok "a malformed record is left out, and the log says so"
grep -q ' ev=dns-ignored remote=odd.test name=_xmpp-server records=1 ' "$scratch/gate.log"
ok "an SRV record likewise"
line_of out direct.test | grep -q " addr=$net.2:5270 "
ok "a partner of direct TLS alone is dialled there"
line_of out a.forged.test | grep -q ' detail="SRV: validation failure .*signature'
ok "a forged answer: the log says what is wrong with it"
line_of in a.tlsa.test | grep -q ' certificate=dns-bogus dane=dns-bogus dane-detail="TLSA: validation failure '
ok "a forged TLSA record: likewise"
explain() { # DOMAIN REGEX
	"$build/fedgatectl" -c "$scratch/gate.yml" explain "$1" >"$scratch/explain.out"
	grep -qE "$2" "$scratch/explain.out"
	ok "explain $1: $2"
	grep -qE "$2" "$scratch/explain.out" || sed 's/^/# /' "$scratch/explain.out"
}
explain ee.test 'certificate valid, DANE: ee$'
explain ee.test '^  dane  *opportunistic: TLSA records'
explain missing.test '^  dane  *required: '
explain missing.test 'failed after .*: dane-missing'
explain mismatch.test 'failed after .*: dane-mismatch'
explain a.expired.test 'failed after .*: dns-bogus'
explain a.expired.test 'SRV: validation failure'
dns() { # DOMAIN REGEX
	"$build/fedgatectl" -c "$scratch/gate.yml" dns "$1" >"$scratch/dns.out"
	grep -qE "$2" "$scratch/dns.out"
	ok "dns $1: $2"
	grep -qE "$2" "$scratch/dns.out" || sed 's/^/# /' "$scratch/dns.out"
}
dns ee.test '^  _xmpp-server  *1 record, .*, proven by DNSSEC$'
dns ee.test '^       TLSA: 1 record, proven by DNSSEC$'
dns none.test '^       TLSA: dns-not-found, proven by DNSSEC$'
dns a.insecure.test '^  _xmpp-server  *1 record, kept for [0-9]* s$'
dns a.forged.test '^  _xmpp-server  *dns-bogus .SRV: validation failure'
dns a.tlsa.test '^       TLSA: dns-bogus .TLSA: validation failure'

# ---- a name server that is gone: nothing is proven, and the time that a look-up may take is all that is lost ----
peers_end dns
awk '$4 == "later" { print "message", $1, "gate.test", 20000 }' "$scratch/table" | ask them >"$scratch/late.outcomes" &
asking=$!
while read -r domain kind dane out in records; do
	[ "$out" != later ] || judge in "$domain" "$in"
done <"$scratch/table"
wait "$asking"
peers_end gate
ok "the gateway ends well"
echo "1..$number"
