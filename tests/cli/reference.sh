#!/bin/sh
# The documents that are made from the schema are those that are committed and installed.
. "$top_srcdir/tests/cli/lib.sh"

same() { # WHICH FILE
	if [ "${UPDATE_GOLDEN-}" = 1 ]; then
		fedgatectl reference "$1" >"$source_tree/$2"
	fi
	fedgatectl reference "$1" | diff -u "$source_tree/$2" - >difference
	ok "$2 is what \`fedgatectl reference $1\` prints"
	sed 's/^/# /' difference
}

same yaml conf/fedgate.yml
same man doc/fedgate.yml.5
exits 0 fedgatectl reference yaml
exits 0 fedgatectl reference man
exits 2 fedgatectl reference
finish
