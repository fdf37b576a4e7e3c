#!/bin/sh
# The layers of HACKING.md hold.
if "$top_srcdir/contrib/check-layers" "$top_builddir"; then
	echo "ok 1 - no layer includes what it must not"
else
	echo "not ok 1 - no layer includes what it must not"
fi
echo "1..1"
