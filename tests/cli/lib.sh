# Sourced by the tests of the command line: they run from a scratch directory, so that what is printed has short names, and
# compare all of it with committed texts: tests/cli/NAME.out holds what was printed, and the exit status in its last line.
# With UPDATE_GOLDEN=1 in the environment a text that differs is rewritten and counts as equal.
set -u
texts=$(cd "$top_srcdir" && pwd)/tests/cli
source_tree=$(cd "$top_srcdir" && pwd)
build_tree=$(cd "$top_builddir" && pwd)
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 99' INT TERM
cd "$scratch" || exit 99
# what the programs are called in messages must not depend on where they were built
ln -s "$build_tree/fedgatectl" "$build_tree/fedgated" .
PATH=$scratch:$PATH
export PATH
LC_ALL=C
export LC_ALL
number=0

ok() { # NAME: the last command's status decides
	if [ "$?" = 0 ]; then
		number=$((number + 1))
		echo "ok $number - $1"
	else
		number=$((number + 1))
		echo "not ok $number - $1"
	fi
}

# TEXT-NAME COMMAND...: both outputs of the command, the error output behind, and its status, are the text's
prints() {
	name=$1
	shift
	{
		"$@" 2>"$scratch/.errors"
		status=$?
		if [ -s "$scratch/.errors" ]; then
			echo "--- standard error"
			cat "$scratch/.errors"
		fi
		echo "--- status $status"
	} >"$scratch/.got"
	# the directory of configurations depends on how it was configured
	sed -i 's|[^ `]*/fedgate/fedgate\.yml|SYSCONFDIR/fedgate/fedgate.yml|g' "$scratch/.got"
	if [ "${UPDATE_GOLDEN-}" = 1 ]; then
		cp "$scratch/.got" "$texts/$name.out"
	fi
	diff -u "$texts/$name.out" "$scratch/.got" >"$scratch/.diff"
	ok "$name: $*"
	sed 's/^/# /' "$scratch/.diff"
}

# STATUS COMMAND...: the command's status; what it prints is shown where it is another
exits() {
	wanted=$1
	shift
	"$@" >"$scratch/.got" 2>&1
	status=$?
	[ "$status" = "$wanted" ]
	ok "status $wanted: $*"
	if [ "$status" != "$wanted" ]; then
		echo "# status $status"
		sed 's/^/# /' "$scratch/.got"
	fi
}

# FILE: another reader of JSON takes it, where there is one
is_json() {
	if command -v python3 >/dev/null; then
		python3 -m json.tool "$1" >/dev/null
		ok "$1 is JSON"
	fi
}

finish() {
	echo "1..$number"
}
