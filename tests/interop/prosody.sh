#!/bin/sh
# fedgate and Prosody, by every row that is valid, against four ways to configure Prosody. fedgate's certificate is for
# servers alone, as public authorities issue them now.
server=prosody
usage=server
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/interop.sh"
. "$top/tests/lib/prosody_interop.sh"
interop_needs prosody unbound openssl

start_server() { # KIND HOST DOMAIN...
	kind=$1 at=$2
	shift 2
	case $kind in
	open | stranger) prosody_start "prosody-$kind" "$at" tls=yes certificate="prosody-$kind" "$@" ;;
	clear) prosody_start "prosody-$kind" "$at" tls=no "$@" ;;
	strict) prosody_start "prosody-$kind" "$at" tls=required secure=yes certificate="prosody-$kind" "$@" ;;
	esac
}

server_says() { # KIND
	prosody_says "prosody-$1"
}

# open: TLS with a good certificate, asks for nothing; stranger: its authority is not trusted; clear: no TLS;
# strict: asks for TLS and a good certificate
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
clear 1  tls-not-offered tls-required
clear 2  tls-not-offered tls-required
clear 3  tcp tcp
clear 4  tls-not-offered tls-required
clear 5  tcp tcp
clear 7  tls-not-offered tls-required
clear 8  tls-not-offered tls-required
clear 9  tcp tcp
clear 10 tls-not-offered tls-required
clear 13 tls-not-offered tls-required
clear 15 tcp tcp
clear 17 tcp tcp
strict 1  sasl sasl
strict 5  tls-not-supported tls-not-supported
strict 9  sasl sasl
strict 11 tls-not-supported tls-not-supported
strict 13 tls tls
strict 17 tls-not-supported tls-not-supported
END
