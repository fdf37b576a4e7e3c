#!/bin/sh
# fedgate and ejabberd, by every row that is valid, against four ways to configure ejabberd. Certificates have both usages
# (ejabberd_usage.sh tells what comes of it otherwise).
server=ejabberd
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/interop.sh"
. "$top/tests/lib/ejabberd_interop.sh"
interop_needs ejabberdctl erl unbound openssl

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
