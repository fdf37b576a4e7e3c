#!/bin/sh
# fedgate with Prosody and with ejabberd over direct TLS (XEP-0368), by rows of each kind: nobody listens for anything else.
server=direct
way=direct
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/interop.sh"
interop_needs prosody ejabberdctl erl unbound openssl
. "$top/tests/lib/ejabberd_interop.sh"
. "$top/tests/lib/prosody_interop.sh"

start_server() { # KIND HOST DOMAIN...
	kind=$1 at=$2
	shift 2
	"${kind}_start" "direct-$kind" "$at" direct=yes certificate="direct-$kind" "$@"
}

server_says() { # KIND
	"${1}_says" "direct-$1"
}

interop <<'END'
prosody 1  sasl sasl
prosody 3  sasl sasl
prosody 7  sasl sasl
prosody 9  sasl sasl
prosody 13 tls  tls
prosody 15 tls  tls
ejabberd 1  sasl sasl
ejabberd 3  sasl sasl
ejabberd 7  sasl sasl
ejabberd 9  sasl sasl
ejabberd 13 tls  tls
ejabberd 15 tls  tls
END
