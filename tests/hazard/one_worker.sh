#!/bin/sh
# The hazards once more with one worker; all programs at once, since they wait more than they work.
directory=$(mktemp -d) || exit 99
trap 'rm -rf "$directory"' EXIT
HAZARD_WORKERS=1
export HAZARD_WORKERS
for program in "$top_builddir"/tests/hazard/test_*; do
	case ${program##*/} in *.*) continue ;; esac
	"$program" >"$directory/${program##*/}" 2>&1 &
done
wait
for output in "$directory"/*; do
	awk -v program="${output##*/}" '
		/^(not )?ok [0-9]+ - / { sub(/ok [0-9]+ - /, "ok - " program ": "); print; next }
		/^1\.\./ { whole = 1; next }
		{ print "# " $0 }
		END { if (!whole) print "not ok - " program ": it ends before its end" }' "$output"
done >"$directory.all"
grep -v '^# ' "$directory.all" | awk '{ sub(/ok - /, "ok " NR " - "); print } END { print "1.." NR }'
grep -q '^not ok' "$directory.all" && grep '^# ' "$directory.all"
rm -f "$directory.all"
