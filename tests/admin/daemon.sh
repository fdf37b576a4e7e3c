#!/bin/sh
# Two real daemons that federate on loopback addresses: how one starts, what it says of itself, how it ends.
set -u
build=$(cd "$top_builddir" && pwd)
scratch=$(mktemp -d) || exit 99
pids=
# shellcheck disable=SC2086
trap 'kill -KILL $pids 2>/dev/null; cd / && rm -rf "$scratch"' EXIT
trap 'exit 99' INT TERM
cd "$scratch" || exit 99
net=127.$((16 + $$ / 250 % 200)).$((1 + $$ % 250))
ctl=$build/fedgatectl
number=0

ok() { # NAME: the last command's status decides
	[ "$?" = 0 ] && good= || good="not "
	number=$((number + 1))
	echo "${good}ok $number - $1"
	[ -z "$good" ] || for f in *.log; do sed "s/^/# $f: /" "$f"; done
}

await() { # FILE REGEX
	"$build/tests/lib/await" line "$1" "$2" 20000 >/dev/null
}

spawn() { # ID COMMAND...: its process id is in $ID_pid
	id=$1
	shift
	: >"$id.log"
	"$@" >>"$id.log" 2>&1 </dev/null &
	eval "${id}_pid=$!"
	pids="$pids $!"
}

ends() { # ID STATUS: waits for it
	eval "wait \$${1}_pid" 2>/dev/null
	status=$?
	[ "$status" = "$2" ]
}

configure() { # ID DOMAIN HOST PARTNER PARTNER-HOST ROW [INSIDE]
	openssl req -x509 -newkey rsa:2048 -nodes -subj "/CN=$2" -addext "subjectAltName=DNS:$2" -keyout "$1.key" \
		-out "$1.pem" 2>/dev/null
	chmod 600 "$1.key"
	cat >"$1.yml" <<-END
		gateway:
		  listen: ["$net.$3:5269"]
		  workers: 2
		  state-dir: $1.state
		  control-socket: run/$1
		  dialback-secret-file: $1.secret
		tls: { trust-anchors: $1.pem }
		dns: { servers: ["$net.$3@1"], timeout: 1s }
		inside:
		  app: { type: component-listener, listen: "$net.$3:5347", secret-file: app.secret }
		domains:
		  $2: { certificate: $1.pem, private-key: $1.key${7:-} }
		partners:
		  $4: { $6, proxy-fqdn: "$net.$5:5269" }
		  gone.example: { $6, proxy-fqdn: "$net.$5:1" }
	END
}

(umask 077 && echo throwaway >app.secret)
configure a a.example 1 b.example 2 "tls: required, sasl: optional, dialback: true" ", inside: app"
configure b b.example 2 a.example 1 "tls: required, sasl: optional, dialback: true"

# ---- it starts ----
spawn hear "$build/tests/admin/hear" notify
await hear.log listening
spawn a env NOTIFY_SOCKET="$scratch/notify" JOURNAL_STREAM=1:1 "$build/fedgated" -c a.yml
await a.log '^level=notice ev=start version=[^ ]* workers=2 domains=1 partners=2 '
ok "starts, and says so; not in the journal's way where it is not the journal"
await hear.log "^READY=1[|]MAINPID=$a_pid[|]STATUS=serving 1 domain, 2 partners configured"
ok "tells the service manager when it is ready"
[ "$(stat -c %a a.secret)" = 600 ] && grep -q 'ev=secret-made file=a.secret' a.log
ok "made its dialback secret"
[ "$(stat -c %a run/a)" = 660 ] && [ "$(stat -c %a run)" = 755 ]
ok "made its control socket"
awk '/^Max open files/ { exit $4 != $5 }' "/proc/$a_pid/limits"
ok "may open as many files as it could ask for"
spawn b sh -c "exec '$build/fedgated' -c b.yml <&- >&- 2>b.log"
await b.log 'ev=start '
ok "starts with closed standard streams"
grep -q '^level=warning ev=warning file=b.yml line=[0-9]* column=3 text=' b.log
ok "logs the configuration's warnings"
env NOTIFY_SOCKET= "$build/fedgated" -c a.yml >second.log 2>&1
[ $? = 1 ] && grep -q '^level=error ev=start-failed text=".*Address already in use"' second.log
ok "a second one on the same address does not start"
sed "s/$net.1:/$net.3:/" a.yml >c.yml
"$build/fedgated" -c c.yml >second.log 2>&1
[ $? = 1 ] && grep -q 'ev=start-failed text="run/a: somebody listens there already"' second.log
ok "a second one with the same control socket does not start"
"$ctl" -s run/a status >/dev/null
ok "and leaves the socket alone"

# ---- it federates ----
spawn component "$build/tests/lib/component" app "$net.1:5347" throwaway a.example
await component.log '^ready'
ask() { # KIND TO RESULT
	"$build/tests/lib/ask" app "$1" a.example "$2" >answer.log
	grep -q "^result=$3 " answer.log
}
ask ping b.example reply
ok "a ping is answered from outside"
ask message b.example 'bounce condition=service-unavailable'
ok "a message comes back where nothing is attached"
ask ping gone.example 'bounce condition=remote-server-timeout'
ok "a ping comes back where nobody listens"
ask ping stranger.example 'bounce condition=forbidden'
ok "a ping comes back for whom is no partner"

"$ctl" -s run/a --json streams | grep -c '"method": "TLS dialback"' | grep -qx 2
ok "streams: both directions, by TLS dialback"
"$ctl" -s run/a streams >out.log
[ "$(wc -l <out.log)" -ge 3 ] && grep -q '7  TLS dialback .*1\.3 ' out.log
ok "streams, for people"
"$ctl" -s run/a status >out.log
grep -q 'app attached' out.log && grep -q '0; 0 unaccounted' out.log &&
	grep -q '2 stanzas from outside, 4 from inside' out.log
ok "status of one: all stanzas are accounted for"
"$ctl" -s run/b status >out.log
grep -q 'nothing inside' out.log && grep -q 'among them 1 answers of our own, 1 returned' out.log &&
	grep -q '0; 0 unaccounted' out.log
ok "status of the other"
"$ctl" -c a.yml explain b.example >out.log
grep -q 'opened by TLS dialback after [0-9]* ms (with a.example)' out.log &&
	grep -q "$net.2:5269, TLS 1.3 .*certificate-self-signed" out.log &&
	grep -q '1 incoming, 1 outgoing; 2 of them open' out.log
ok "explain: how it opened"
"$ctl" -c a.yml explain gone.example >out.log
grep -q 'failed after [0-9]* ms: connect-failed' out.log &&
	grep -q 'No address of the domain accepts connections' out.log
ok "explain: how it failed"

# ---- it ends ----
kill -HUP "$a_pid"
await a.log 'ev=reload '
"$ctl" -s run/a status >/dev/null
ok "SIGHUP makes it read its configuration again"
kill -TERM "$a_pid"
ends a 0
ok "SIGTERM ends it with status 0"
await hear.log '^STOPPING=1[|]STATUS='
ok "tells the service manager that it ends"
grep -q 'ev=drain signal=SIGTERM grace-ms=10000' a.log && tail -n 1 a.log | grep -q '^level=notice ev=stop '
ok "its last line says that it ended"
[ ! -e run/a ]
ok "its control socket is gone"
await b.log 'ev=stream-close .*dir=in .*remote=a.example .*fail='
ok "the other side saw its streams close"
kill -KILL "$b_pid"
ends b 137
[ -S run/b ]
ok "one that was killed leaves its socket behind"
spawn b env JOURNAL_STREAM="$(stat -L -c %d:%i b.log)" "$build/fedgated" -c b.yml
await b.log '^<5>level=notice ev=start '
ok "the next one takes its place, and its lines have priorities in the journal"
[ "$("$ctl" -s run/b streams)" = "There are no streams with the outside." ]
ok "and answers"
kill -INT "$b_pid"
kill -TERM "$b_pid"
ends b 0
ok "two signals end it too"

# ---- it does not start ----
echo 'partners: { a.example: { tls: not-supported, sasl: required, dialback: false } }' >bad.yml
"$build/fedgated" -c bad.yml >second.log 2>&1
[ $? = 1 ] && grep -q '^bad.yml:1:' second.log
ok "with a row that is not valid"
printf 'a\0b' >app.secret
"$build/fedgated" -c a.yml >second.log 2>&1
[ $? = 1 ] && grep -q 'ev=start-failed text="[^ ]*app.secret: it has a byte 0"' second.log
ok "with a secret that cannot be one"
echo "1..$number"
