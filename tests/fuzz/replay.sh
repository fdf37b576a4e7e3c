#!/bin/sh
# Every fuzz target over its corpus; one without any has failed.
n=0
for source in "$top_srcdir"/tests/fuzz/fuzz_*.c; do
	name=$(basename "$source" .c)
	n=$((n + 1))
	if "$top_builddir/tests/fuzz/$name" "$top_srcdir/tests/fuzz/corpus/${name#fuzz_}"/*; then
		echo "ok $n - corpus of ${name#fuzz_}"
	else
		echo "not ok $n - corpus of ${name#fuzz_}"
	fi
done
echo "1..$n"
