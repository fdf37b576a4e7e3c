#!/bin/sh
# fedgate and jabberd2, by every row that is valid, with and without TLS. jabberd2 knows no SASL between servers.
server=jabberd2
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/interop.sh"
interop_needs jabberd2-router jabberd2-s2s unbound openssl

start_server() { # KIND HOST DOMAIN...
	case $1 in
	open) jabberd2_start jabberd2-open "$2" tls=yes certificate=jabberd2-open ;;
	clear) jabberd2_start jabberd2-clear "$2" tls=no ;;
	strict) jabberd2_start jabberd2-strict "$2" tls=required certificate=jabberd2-strict ;;
	esac
}

# Its routes are named local/remote
server_says() { # KIND
	sed -n "s/.* \(incoming\|outgoing\) route '\([^/]*\)\/\([^']*\)' is now valid \{0,1\}\(TLS\)\{0,1\}.*/\1 \2 \4/p" \
		"$scratch/jabberd2-$1.log" | while read -r way domain transport; do
		[ "$way" = incoming ] && way=out || way=in
		echo "$way $domain $([ "$transport" = TLS ] && echo tls || echo tcp)"
	done
}

# open: TLS with a good certificate, asks for nothing; clear: no TLS; strict: asks for TLS
interop <<'END'
open 1  no-common-method method-not-allowed
open 2  no-common-method method-not-allowed
open 3  tls tls
open 4  no-common-method method-not-allowed
open 5  tcp tcp
open 7  tls tls
open 8  no-common-method method-not-allowed
open 9  tls tls
open 10 no-common-method method-not-allowed
open 11 tcp tcp
open 13 tls tls
open 15 tls tls
open 17 tcp tcp
clear 3  tcp tcp
clear 5  tcp tcp
clear 7  tls-not-offered tls-required
clear 9  tcp tcp
clear 11 tcp tcp
clear 13 tls-not-offered tls-required
clear 15 tcp tcp
clear 17 tcp tcp
strict 5  peer-stream-error peer-stream-error|peer-closed
strict 7  tls tls
strict 11 peer-stream-error peer-stream-error|peer-closed
strict 13 tls tls
strict 17 peer-stream-error peer-stream-error|peer-closed
END
