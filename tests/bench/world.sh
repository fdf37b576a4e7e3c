# world: what the benchmarks run in. Sourced by bash scripts in this folder.
#
#   world_start BUILD         builds there; a scratch folder, names, certificates; ends with the script
#   server_start, server_end  a server under test, on the first core: fedgate prosody ejabberd jabberd2
#   load COMMAND...           the load on it, on the second core; see load.c
cd "$(dirname "$0")/../.."
top=$PWD
PATH=$PATH:/usr/sbin:/sbin
gate=gate.test
core=0 other=1

# ---- the world ----

finish() {
	status=$?
	trap - EXIT
	peers_stop
	[ "$status" = 0 ] && rm -rf "$scratch" || echo "what is left of it is in $scratch" >&2
	exit "$status"
}

world_start() { # BUILD
	contrib/packages --interop >&2
	contrib/build "$1" "" all bench-tools tests/lib/await >&2
	build=$(cd "$1" && pwd)
	programs=$build/tests/lib
	ulimit -n "$(ulimit -Hn)"
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/fedgate-bench.XXXXXX")
	. tests/lib/peers.sh
	trap finish EXIT
	trap 'exit 1' HUP INT TERM
	certificates=$scratch/pki/load.pem,$scratch/pki/load.key,$scratch/pki/ca.pem
	contrib/pki "$scratch/pki" ca
	contrib/pki "$scratch/pki" leaf gate --name "$gate"
	contrib/pki "$scratch/pki" leaf load --name "*.sasl.test" --name "*.tls.test" --name "*.tcp.test"
	for method in sasl tls tcp; do
		for i in $(seq 0 99); do
			dns_domain "d$i.$method.test" 20 literal
		done
	done
	wrap="taskset -c $other" dns_start
}

fedgate_start() {
	echo "$secret" >"$scratch/app.secret"
	mkdir -p "$scratch/state"
	cat >"$scratch/fedgate.yml" <<-YAML
		gateway:
		  listen: ["$net.10:5269"]
		  workers: 1
		  state-dir: state
		  control-socket: control
		  dialback-secret-file: state/dialback.secret
		  connection-limit: 20000
		  partner-connection-limit: 10000
		  source-connection-limit: 10000
		tls: { trust-anchors: pki/ca.pem }
		dns: { servers: ["$dns"] }
		domains:
		  $gate: { certificate: pki/gate.pem, private-key: pki/gate.key, inside: app }
		inside:
		  app: { type: component-listener, listen: "$net.10:5347", secret-file: app.secret }
		partners:
		  sasl.test: { tls: required, sasl: required, dialback: false, additional-domains: ["*.sasl.test"] }
		  tls.test: { tls: required, sasl: not-supported, dialback: true, additional-domains: ["*.tls.test"] }
		  tcp.test: { tls: not-supported, sasl: not-supported, dialback: true, additional-domains: ["*.tcp.test"] }
	YAML
	peers_spawn fedgate "$build/fedgated" -c "$scratch/fedgate.yml"
}

server_start() { # SERVER
	wrap="taskset -c $core"
	case $1 in
	fedgate) fedgate_start ;;
	prosody) prosody_start prosody 10 log=info certificate=gate "$gate" ;;
	ejabberd) ejabberd_start ejabberd 10 log=info certificate=gate "$gate" ;;
	jabberd2) jabberd2_start jabberd2 10 certificate=gate ;;
	esac
	wrap=
	"$programs/await" port "$net.10:5269" && "$programs/await" port "$net.10:5347"
	pids="-p $(cat "$scratch/$1.pid")"
	[ ! -e "$scratch/$1-router.pid" ] || pids="$pids -p $(cat "$scratch/$1-router.pid")"
}

server_end() { # SERVER
	peers_end "$1"
	[ ! -e "$scratch/$1-router.pid" ] || peers_end "$1-router"
}

version() { # SERVER
	case $1 in
	fedgate) "$build/fedgated" --version | head -n 1 ;;
	*) dpkg-query -W -f '${Package} ${Version}\n' "$1" ;;
	esac
}

load() { # COMMAND [argument]...: its lines, or nothing where the server cannot do it
	# shellcheck disable=SC2086
	taskset -c $other "$build/tests/bench/load" -s "$net.10:5269" -i "$net.10:5347" -l "$net.20:5269" -d "$gate" \
		-k "$secret" -c "$certificates" $pids "$@" 2>>"$scratch/load.log" || :
}
