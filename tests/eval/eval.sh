#!/bin/sh
# Every .eval file through the runner.
exec "$top_builddir/tests/eval/eval" "$top_srcdir"/tests/eval/*.eval
