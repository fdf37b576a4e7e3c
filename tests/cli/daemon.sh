#!/bin/sh
# What the commands print that ask a daemon: one with a gateway that stands still.
. "$top_srcdir/tests/cli/lib.sh"

cat >fedgate.yml <<'END'
gateway: { control-socket: control, dialback-secret-file: dialback.secret }
tls: { trust-anchors: anchors.pem }
domains: { chat.example.com: {} }
partners:
  partner.example: { tls: required, sasl: optional, dialback: true }
  example.org: { tls: required, sasl: optional, dialback: false }
END
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout /dev/null -out anchors.pem 2>/dev/null

start() { # KIND: returns when it listens
	rm -f in out
	mkfifo in out
	"$build_tree/tests/admin/fake_daemon" "$1" control <in >out &
	daemon=$!
	exec 3>in
	read -r line <out
	[ "$line" = ready ]
	ok "a daemon with a gateway: $1"
}

stop() {
	exec 3>&-
	wait "$daemon"
	ok "it ended"
	[ ! -e control ]
	ok "its socket is gone"
}

# what differs from run to run
masked() {
	output=$(fedgatectl "$@")
	status=$?
	printf '%s\n' "$output" | sed 's/process [0-9]*,/process PID,/; s/"pid": [0-9]*/"pid": PID/
		s/"at": [0-9]*/"at": AT/; s/"version": "[^"]*"/"version": VERSION/; s/fedgated [0-9][^,]*,/fedgated VERSION,/
		s/[-0-9]* [:0-9]* UTC, 1 min [0-9]* s ago/TIME UTC, AGO/'
	return $status
}

start empty
prints daemon-status-empty masked -s control status
prints daemon-streams-empty fedgatectl -s control streams
prints daemon-streams-empty-json fedgatectl -s control streams --json
prints daemon-explain-empty masked -s control explain -c fedgate.yml partner.example
stop

start small
prints daemon-streams-small fedgatectl streams -c fedgate.yml
prints daemon-streams-small-json fedgatectl streams -c fedgate.yml --json
prints daemon-status-small masked status -c fedgate.yml
stop

start busy
prints daemon-status-busy masked status -c fedgate.yml
prints daemon-status-busy-json masked status -c fedgate.yml --json
prints daemon-streams-busy fedgatectl streams -c fedgate.yml
fedgatectl streams -c fedgate.yml | awk 'length > 100 { exit 1 }'
ok "fits 100 columns"
prints daemon-explain-opened masked explain -c fedgate.yml partner.example
prints daemon-explain-opened-json masked explain --json -c fedgate.yml partner.example
prints daemon-explain-failed masked explain -c fedgate.yml example.org
prints daemon-explain-local masked explain -c fedgate.yml chat.example.com
prints daemon-explain-refused masked explain -c fedgate.yml stranger.example
# started before the file changed
sed 's/partner.example:.*/partner.example: { tls: required, sasl: required, dialback: false }/
	s/example.org/new.example/; s/chat.example.com/mail.example.com/' fedgate.yml >changed.yml
prints daemon-explain-changed-row masked explain -c changed.yml partner.example
prints daemon-explain-changed-refused masked explain -c changed.yml example.org
prints daemon-explain-changed-new masked explain -c changed.yml new.example
prints daemon-explain-changed-local masked explain -c changed.yml chat.example.com
# with a configuration that cannot be used, the daemon is where -s says
exits 1 fedgatectl explain -c none.yml partner.example
exits 0 fedgatectl status -s control -c none.yml
stop

# what is no fedgated
prints daemon-gone fedgatectl -s control streams
prints daemon-gone-explain fedgatectl -s control explain -c fedgate.yml partner.example
exits 0 fedgatectl explain -c fedgate.yml partner.example
: >control
prints daemon-no-socket fedgatectl -s control status
prints daemon-long-path fedgatectl -s "$(printf '%0120d' 0)" status
finish
