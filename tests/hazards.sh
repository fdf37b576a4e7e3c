#!/bin/sh
# Every hazard of hazards.tsv has a test that bears its id and shows what must come of it.
cd "$top_srcdir" || exit 99
number=0
while IFS="$(printf '\t')" read -r id what outcomes; do
	case $id in '#'* | '') continue ;; esac
	number=$((number + 1))
	tests=$(ls tests/scenario/"$id"-*.scn 2>/dev/null)
	tests="$tests $(grep -rlw --include='*.eval' --include='test_*.c' "$id" tests/eval tests/unit tests/net tests/hazard)"
	missing=
	[ -n "$(echo $tests)" ] || missing=" a test"
	rest=$outcomes,
	while [ -n "$rest" ]; do
		outcome=${rest%%,*}
		rest=${rest#*,}
		[ "$outcome" = case ] && continue
		# shellcheck disable=SC2086
		[ -n "$missing" ] || grep -qF -e "$outcome" $tests || missing="$missing $outcome"
	done
	if [ -z "$missing" ]; then
		echo "ok $number - $id $what"
	else
		echo "not ok $number - $id $what: there is not$missing"
	fi
done <tests/hazards.tsv
echo "1..$number"
