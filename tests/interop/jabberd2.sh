#!/bin/sh
# fedgate and jabberd2, by every row that is valid, with and without TLS. jabberd2 knows no SASL between servers. It sends
# all its domains' stanzas for ours over one stream, so that each row gets a jabberd2 of its own. To what it does not like it
# says nothing; whose patience ends first is chance.
server=jabberd2
patience=8s
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/interop.sh"
interop_needs jabberd2-router jabberd2-s2s unbound openssl

start_server() { # KIND HOST DOMAIN...
	case $1 in
	open*) jabberd2_start "jabberd2-$1" "$2" tls=yes certificate="jabberd2-$1" ;;
	clear*) jabberd2_start "jabberd2-$1" "$2" tls=no ;;
	strict*) jabberd2_start "jabberd2-$1" "$2" tls=required certificate="jabberd2-$1" ;;
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

# open: TLS with a good certificate, asks for nothing; clear: no TLS; strict: asks for TLS, and says nothing to who has none
interop <<'END'
open1 1  no-common-method method-not-allowed
open2 2  no-common-method method-not-allowed
open3 3  tls tls
open4 4  no-common-method method-not-allowed
open5 5  tcp tcp
open7 7  tls tls
open8 8  no-common-method method-not-allowed
open9 9  tls tls
open10 10 no-common-method method-not-allowed
open11 11 tcp tcp
open13 13 tls tls
open15 15 tls tls
open17 17 tcp tcp
clear3 3  tcp tcp
clear5 5  tcp tcp
clear7 7  tls-not-offered tls-required
clear9 9  tcp tcp
clear11 11 tcp tcp
clear13 13 tls-not-offered tls-required
clear15 15 tcp tcp
clear17 17 tcp tcp
strict5 5  establishment-timeout|peer-stream-error:connection-timeout|peer-closed establishment-timeout|peer-stream-error:connection-timeout|peer-closed
strict7 7  tls tls
strict11 11 establishment-timeout|peer-stream-error:connection-timeout|peer-closed establishment-timeout|peer-stream-error:connection-timeout|peer-closed
strict13 13 tls tls
strict17 17 establishment-timeout|peer-stream-error:connection-timeout|peer-closed establishment-timeout|peer-stream-error:connection-timeout|peer-closed
END
