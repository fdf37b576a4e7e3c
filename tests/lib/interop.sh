# interop: federates a fedgated with real servers by many rows, and compares what both sides say with a table. Sourced.
#
# The script that sources it sets $server (a name) and, where they are not to be both and 40s, $usage (of fedgate's
# certificate) and $patience (how long a negotiation may take), defines the two functions below, and calls interop with the
# table as standard input. A line of the table is a KIND of that server (how it is configured), the ROW that fedgate has for
# it, and what has to come of it when fedgate dials (OUT) and when the server does (IN):
#   sasl, tls or tcp   SASL over TLS, TLS dialback or TCP dialback, with a message and its answer over it; both logs agree
#   SLUG               fedgate ends it with that failure (several: SLUG|SLUG), and the message is returned to its sender;
#                      SLUG:CONDITION where the server ended the stream with that error
#   -                  not tried
# With $way "direct" everyone is found and dialled by direct TLS alone.
# Every line has a domain of its own, rROW.KIND.$server.test, for which a component is attached to the server.
#
#   start_server KIND HOST DOMAIN...   starts the server with ID $server-KIND, see peers.sh
#   server_says KIND                   reads its log, prints "in|out DOMAIN sasl|tls|tcp" for what it authenticated,
#                                      as fedgate sees the direction
way=${way-}
top=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
build=$(cd "${top_builddir:-.}" && pwd)
programs=$build/tests/lib
gateway=gate.test
PATH=$PATH:/usr/sbin:/sbin

interop_needs() { # PROGRAM...
	for program; do
		command -v "$program" >/dev/null && continue
		echo "1..0 # SKIP $program is not installed (contrib/packages --interop)"
		exit 0
	done
}

interop_finish() {
	status=$?
	trap - EXIT
	peers_stop
	if [ "$status" = 0 ] && [ "$failed" = 0 ]; then
		rm -rf "$scratch"
	else
		kept=$build/tests/interop/$(basename "$0" .sh).failed
		rm -rf "$kept"
		mkdir -p "$build/tests/interop"
		mv "$scratch" "$kept"
		echo "# logs and configurations are in $kept"
	fi
	exit "$status"
}

n=0
failed=0
verdict() { # GOOD DESCRIPTION: a line of TAP
	n=$((n + 1))
	if [ "$1" = yes ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=$((failed + 1))
	fi
}

# ---- the gateway ----

row_setting() { # ROW COLUMN
	awk -F '\t' -v row="$1" -v column="$2" '$1 == row { print $column }' "$top/tests/golden/matrix.tsv"
}

gateway_partner() { # DOMAIN ROW: an entry of the configuration
	echo "  $1: { tls: $(row_setting "$2" 2), sasl: $(row_setting "$2" 3), dialback: $(row_setting "$2" 4) }"
}

gateway_start() { # partners are in $scratch/partners.yml
	pki leaf "$gateway" --usage "${usage:-both}"
	(umask 077 && echo "$secret" >"$scratch/app.secret")
	mkdir -p "$scratch/state"
	cat >"$scratch/fedgate.yml" <<-END
		gateway:
		  listen: ["$net.1:5269"]
		  listen-direct-tls: ["$net.1:5270"]
		  workers: ${INTEROP_WORKERS:-2}
		  state-dir: state
		  control-socket: control
		  dialback-secret-file: state/dialback.secret
		  log-level: debug
		  stream-establishment-timeout: ${patience:-40s}
		tls: { trust-anchors: pki/ca.pem }
		dns: { servers: ["$dns"] }
		domains:
		  $gateway: { certificate: pki/$gateway.pem, private-key: pki/$gateway.key, inside: app }
		inside:
		  app: { type: component-listener, listen: "$net.1:5347", secret-file: app.secret }
		include: partners.yml
	END
	peers_spawn fedgated "$build/fedgated" -c "$scratch/fedgate.yml"
	component_start app "$net.1:5347" "$gateway"
	peers_wait app || {
		tail -n 20 "$scratch/fedgated.log" | sed 's/^/# /'
		return 1
	}
}

# the value of KEY in the first line of fedgated.log with ev=EVENT dir=DIRECTION remote=DOMAIN that is no verification
gateway_says() { # EVENT DIRECTION DOMAIN KEY
	grep -F " ev=$1 " "$scratch/fedgated.log" | grep -F " dir=$2 " | grep -F " remote=$3 " | grep -v ' for=verify ' |
		head -n 1 | sed -n "s/.* $4=\"\{0,1\}\([^\"]*\)\"\{0,1\}.*/\1/p" | sed 's/ [a-z-]*=.*//'
}

# why it was refused: the pair, else the stream
gateway_refuses() { # DIRECTION DOMAIN
	pair=$(grep -F " ev=pair-refused " "$scratch/fedgated.log" | grep -F " dir=$1 " | grep -F " pair-remote=$2 " |
		head -n 1 | sed 's/.* fail=//')
	stream=$(gateway_says stream-failed "$1" "$2" fail)
	[ "$stream" != peer-stream-error ] || stream=$stream:$(gateway_says stream-failed "$1" "$2" peer-error)
	echo "${pair:-$stream}"
}

# ---- the run ----

pki() { "$top/contrib/pki" "$scratch/pki" "$@"; }

interop_start() {
	pki ca
	pki ca stranger
	dns_domain "$gateway" 1 literal $way
	echo "partners:" >"$scratch/partners.yml"
	host=9
	hosts=
	for kind in $(cut -d ' ' -f 1 "$scratch/table" | uniq); do
		host=$((host + 1))
		domains=
		for row in $(awk -v kind="$kind" '$1 == kind { print $2 }' "$scratch/table"); do
			domain=r$row.$kind.$server.test
			dns_domain "$domain" $host "" $way
			gateway_partner "$domain" "$row" >>"$scratch/partners.yml"
			domains="$domains $domain"
		done
		pki leaf "$server-$kind" --name "*.$kind.$server.test" \
			$([ "$kind" != stranger ] || echo --ca stranger)
		echo "$domains" >"$scratch/$kind.domains"
		hosts="$hosts $kind=$host"
	done
	dns_start
	for h in $hosts; do
		# shellcheck disable=SC2046
		start_server "${h%=*}" "${h#*=}" $(cat "$scratch/${h%=*}.domains")
	done
	gateway_start || return 1
	for h in $hosts; do
		# shellcheck disable=SC2046
		component_start "component-${h%=*}" "$net.${h#*=}:5347" $(cat "$scratch/${h%=*}.domains")
	done
	for h in $hosts; do
		peers_wait "component-${h%=*}" && "$programs/await" port "$net.${h#*=}:$port" || return 1
	done
}

# All messages of one direction at once: first ours, whose answers make the servers dial, then theirs
interop_ask() {
	awk -v server="$server" -v gateway="$gateway" '
		$3 != "-" { print "message", gateway, "r" $2 "." $1 "." server ".test", 60000 }
	' "$scratch/table" | ask app >"$scratch/outcomes-out"
	asking=
	for kind in $(cut -d ' ' -f 1 "$scratch/table" | uniq); do
		awk -v kind="$kind" -v server="$server" -v gateway="$gateway" '
			$1 == kind && $4 != "-" { print "message", "r" $2 "." kind "." server ".test", gateway, 60000 }
		' "$scratch/table" | ask "component-$kind" >"$scratch/outcomes-in.$kind" &
		asking="$asking $!"
	done
	# shellcheck disable=SC2086
	wait $asking
}

outcome() { # DIRECTION DOMAIN: "reply", or "bounce CONDITION", or "silence"
	if [ "$1" = out ]; then
		grep -F " to=$2" "$scratch/outcomes-out"
	else
		grep -hF " from=$2 " "$scratch"/outcomes-in.*
	fi | sed -n 's/^result=\([a-z]*\)\( condition=\([a-z-]*\)\)\{0,1\}.*/\1 \3/p' | sed 's/ $//'
}

# The live streams, "out|in DOMAIN METHOD" a line
streams() {
	"$build/fedgatectl" -s "$scratch/control" streams --json | tr -d '\n' | sed 's/}, *{/}\n{/g' | sed -n \
		's/.*"direction": *"\([a-z]*\)".*"remote": *"\([^"]*\)".*"method": *"\([^"]*\)".*/\1 \2 \3/p'
}

judge_open() { # DIRECTION DOMAIN ROW METHOD
	case $4 in
	sasl) method="SASL over TLS" ;;
	tls) method="TLS dialback" ;;
	tcp) method="TCP dialback" ;;
	esac
	what="row $3 $1: $method"
	came=$(outcome "$1" "$2")
	verdict "$([ "$came" = reply ] && echo yes)" "$kind $what: the answer comes back"
	[ "$came" = reply ] || echo "# ${came:-nothing} came back"
	said=$(gateway_says stream-open "$1" "$2" method)
	verdict "$([ "$said" = "$method" ] && [ "$(gateway_says stream-open "$1" "$2" row)" = "$3" ] && echo yes)" \
		"$kind $what: fedgate says so"
	[ "$said" = "$method" ] || echo "# fedgate says ${said:-nothing} $(gateway_says stream-failed "$1" "$2" fail)"
	[ -z "$way" ] || verdict "$([ "$(gateway_says stream-open "$1" "$2" direct-tls)" = true ] && echo yes)" \
		"$kind $what: it is direct TLS"
	verdict "$(grep -qx "$1 $2 $4" "$scratch/$kind.said" && echo yes)" "$kind $what: $server says so"
	grep -qx "$1 $2 $4" "$scratch/$kind.said" || grep "^$1 $2 " "$scratch/$kind.said" | sed "s/^/# $server says /"
	verdict "$(grep -qx "$1 $2 $method" "$scratch/streams" && echo yes)" "$kind $what: fedgatectl streams shows it"
}

judge_refused() { # DIRECTION DOMAIN ROW SLUGS
	what="row $3 $1: refused ($4)"
	came=$(outcome "$1" "$2")
	verdict "$(case $came in bounce*) echo yes ;; esac)" "$kind $what: the message is returned"
	case $came in bounce*) ;; *) echo "# ${came:-nothing} came back" ;; esac
	said=$(gateway_refuses "$1" "$2")
	verdict "$(echo "$said" | grep -qxE "$4" && echo yes)" "$kind $what: fedgate says why"
	echo "$said" | grep -qxE "$4" || echo "# fedgate says ${said:-nothing}"
	verdict "$(grep -q "^$1 $2 " "$scratch/$kind.said" || echo yes)" "$kind $what: $server authenticates nothing"
}

judge() { # DIRECTION DOMAIN ROW EXPECTED
	case $4 in
	-) ;;
	sasl | tls | tcp) judge_open "$@" ;;
	*) judge_refused "$@" ;;
	esac
}

interop() {
	port=5269
	[ -z "$way" ] || port=5270
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/fedgate-interop.XXXXXX")
	. "$top/tests/lib/peers.sh"
	trap interop_finish EXIT
	trap 'exit 1' HUP INT TERM PIPE
	grep -v -e '^#' -e '^$' | tr -s ' \t' ' ' >"$scratch/table"
	if ! interop_start; then
		verdict no "everything starts"
		echo "1..$n"
		exit 1
	fi
	interop_ask
	streams >"$scratch/streams"
	peers_end fedgated
	status=$?
	verdict "$([ "$status" = 0 ] && echo yes)" "fedgated ends well when it is told to"
	[ "$status" = 0 ] || tail -n 40 "$scratch/fedgated.log" | sed "s/^/# status $status: /"
	# some write their logs late
	peers_stop
	while read -r kind row out in; do
		[ -e "$scratch/$kind.said" ] || server_says "$kind" >"$scratch/$kind.said"
		domain=r$row.$kind.$server.test
		judge out "$domain" "$row" "$out"
		judge in "$domain" "$row" "$in"
	done <"$scratch/table"
	echo "1..$n"
	[ "$failed" = 0 ]
}
