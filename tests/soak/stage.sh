# stage: two gateways and a Prosody for soak. Sourced; the script sets before what tests/lib/peers.sh wants, but for $scratch, and
# $build. soak_begin FOLDER makes $scratch and sees to the end of all: after a failure the scratch folder is kept, as FOLDER
# where one is given. soak_stage sets the stage, soak_play [option]... plays (options: see soak.c).
. "$top/tests/lib/peers.sh"

soak_finish() {
	status=$?
	trap - EXIT
	peers_stop
	if [ "$status" = 0 ]; then
		rm -rf "$scratch"
	else
		[ -z "$kept" ] || { rm -rf "$kept" && mv "$scratch" "$kept"; }
		echo "# logs and configurations are in ${kept:-$scratch}"
	fi
	exit "$status"
}

soak_begin() { # FOLDER
	kept=$1
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/fedgate-soak.XXXXXX") || exit 99
	trap soak_finish EXIT
	trap 'exit 1' HUP INT TERM
}

soak_domains() { # LETTER COUNT
	seq -f "$1%g.test" 1 "$2"
}

soak_gateway() { # LETTER HOST OTHER
	mkdir -p "$scratch/state-$1"
	{
		cat <<-END
			gateway:
			  listen: ["$net.$2:5269"]
			  workers: 2
			  state-dir: state-$1
			  control-socket: $1.control
			  dialback-secret-file: state-$1/dialback.secret
			  source-connection-limit: 1000
			  partner-connection-limit: 1000
			  queue-limit: 2000
			  queue-timeout: 15s
			tls: { trust-anchors: pki/ca.pem }
			dns: { servers: ["$dns"], timeout: 3s }
			inside:
			  app: { type: component-listener, listen: "$net.$2:5347", secret-file: app.secret }
			domains:
		END
		for d in $(soak_domains "$1" 3); do
			echo "  $d: { certificate: pki/$1.pem, private-key: pki/$1.key, inside: app }"
		done
		echo "partners:"
		for d in $(soak_domains "$3" 3) $(soak_domains p 2); do
			echo "  $d: { tls: required, sasl: optional, dialback: true }"
		done
	} >"$scratch/$1.yml"
}

soak_stage() {
	(umask 077 && echo "$secret" >"$scratch/app.secret")
	"$top/contrib/pki" "$scratch/pki" ca >/dev/null
	for s in a=3 b=3 p=2; do
		names=
		for d in $(soak_domains "${s%=*}" "${s#*=}"); do names="$names --name $d"; done
		# shellcheck disable=SC2086
		"$top/contrib/pki" "$scratch/pki" leaf "${s%=*}" $names >/dev/null
	done
	soak_gateway a 1 b
	soak_gateway b 2 a
	# shellcheck disable=SC2046
	prosody_start prosody 3 log=info certificate=p $(soak_domains p 2)
	"$programs/await" port "$net.3:5347"
}

soak_play() {
	"$build/tests/soak/soak" -f "$scratch" -b "$build" -n "$net" -k "$secret" "$@"
}
