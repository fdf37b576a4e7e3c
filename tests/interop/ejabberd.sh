#!/bin/sh
# fedgate and ejabberd, by every row that is valid, against four ways to configure ejabberd. Certificates have both usages:
# ejabberd 23.01 accepts no other from us.
server=ejabberd
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/interop.sh"
interop_needs ejabberdctl erl unbound openssl

start_server() { # KIND HOST DOMAIN...
	kind=$1 at=$2
	shift 2
	case $kind in
	open | stranger) ejabberd_start "ejabberd-$kind" "$at" tls=yes certificate="ejabberd-$kind" "$@" ;;
	clear) ejabberd_start "ejabberd-$kind" "$at" tls=no "$@" ;;
	strict) ejabberd_start "ejabberd-$kind" "$at" tls=required certificate="ejabberd-$kind" "$@" ;;
	esac
}

server_says() { # KIND
	sed -n 's/.* (\(tls\|tcp\)|[^)]*) Accepted \(inbound\|outbound\) s2s \([^ ]*\) authentication \([^ ]*\) -> \([^ ]*\) .*/\1 \2 \3 \4 \5/p' \
		"$scratch/ejabberd-$1.log" | while read -r transport way method from to; do
		[ "$method" = EXTERNAL ] && transport=sasl
		if [ "$way" = inbound ]; then echo "out $to $transport"; else echo "in $from $transport"; fi
	done
}

# open: TLS with a good certificate, asks for nothing; stranger: its authority is not trusted; clear: no TLS;
# strict: asks for TLS
interop <<'END'
open 1  sasl sasl
open 2  sasl sasl
open 3  sasl sasl
open 4  sasl sasl
open 5  tcp  tcp
open 7  sasl sasl
open 8  sasl sasl
open 9  sasl sasl
open 10 sasl sasl
open 11 tcp  tcp
open 13 tls  tls
open 15 tls  tls
open 17 tcp  tcp
stranger 1  certificate-untrusted certificate-untrusted
stranger 2  certificate-untrusted certificate-untrusted
stranger 3  tls  tls
stranger 4  certificate-untrusted certificate-untrusted
stranger 5  tcp  tcp
stranger 7  tls  tls
stranger 8  certificate-untrusted certificate-untrusted
stranger 9  tls  tls
stranger 10 certificate-untrusted certificate-untrusted
stranger 13 tls  tls
stranger 15 tls  tls
clear 1  tls-not-offered peer-stream-error:unsupported-feature
clear 2  tls-not-offered peer-stream-error:unsupported-feature
clear 3  tcp tcp
clear 4  tls-not-offered peer-stream-error:unsupported-feature
clear 5  tcp tcp
clear 7  tls-not-offered peer-stream-error:unsupported-feature
clear 8  tls-not-offered peer-stream-error:unsupported-feature
clear 9  tcp tcp
clear 10 tls-not-offered peer-stream-error:unsupported-feature
clear 13 tls-not-offered peer-stream-error:unsupported-feature
clear 15 tcp tcp
clear 17 tcp tcp
strict 1  sasl sasl
strict 5  tls-not-supported peer-stream-error:policy-violation
strict 9  sasl sasl
strict 11 tls-not-supported peer-stream-error:policy-violation
strict 13 tls tls
strict 17 tls-not-supported peer-stream-error:policy-violation
END
