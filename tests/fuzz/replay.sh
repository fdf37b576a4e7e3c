#!/bin/sh
# Every fuzz target over its corpus.
n=0
for corpus in "$top_srcdir"/tests/fuzz/corpus/*/; do
	name=$(basename "$corpus")
	n=$((n + 1))
	if "$top_builddir/tests/fuzz/fuzz_$name" "$corpus"*; then
		echo "ok $n - corpus of $name"
	else
		echo "not ok $n - corpus of $name"
	fi
done
echo "1..$n"
