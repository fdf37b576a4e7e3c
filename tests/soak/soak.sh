#!/bin/sh
# A short run of the account of every stanza under faults; SOAK_SEED chooses the same faults again.
top=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
build=$(cd "${top_builddir:-.}" && pwd)
programs=$build/tests/lib
PATH=$PATH:/usr/sbin:/sbin
command -v prosody >/dev/null || {
	echo "1..0 # SKIP prosody is not installed (contrib/packages --interop)"
	exit 0
}

. "$top/tests/soak/stage.sh"
soak_begin "$build/tests/soak/soak.failed"
soak_stage || exit 99
soak_play -c 100000 -r 4000 ${SOAK_SEED:+-s "$SOAK_SEED"}
