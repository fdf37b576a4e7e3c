#!/bin/sh
# fedgate with a certificate for servers alone, as public authorities issue them now: ejabberd 23.01 offers SASL and then
# refuses it, so that dialback has to do, where the row allows it. What ejabberd dials is not touched by it.
server=ejabberd
usage=server
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/interop.sh"
. "$top/tests/lib/ejabberd_interop.sh"
interop_needs ejabberdctl erl unbound openssl

# where our message is refused no answer of ours can leave either: there only fedgate dials
interop <<'END'
open 1  sasl-refused -
open 2  sasl-refused -
open 3  tls sasl
open 4  sasl-refused -
open 7  tls sasl
open 8  sasl-refused -
open 9  tls sasl
open 10 sasl-refused -
open 13 tls tls
END
