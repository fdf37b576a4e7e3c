#!/bin/sh
# Every scenario through the runner, by names from the top of the source tree.
top_builddir=$(cd "$top_builddir" && pwd)
cd "$top_srcdir" || exit 99
top_srcdir=. exec "$top_builddir/tests/scenario/scenario" tests/scenario/*.scn
