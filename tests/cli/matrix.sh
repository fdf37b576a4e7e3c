#!/bin/sh
# fedgatectl matrix: the table for people, and the same for programs.
. "$top_srcdir/tests/cli/lib.sh"

prints matrix fedgatectl matrix
prints matrix-json fedgatectl matrix --json
fedgatectl matrix --json >matrix.json
is_json matrix.json
fedgatectl --json matrix | cmp -s matrix.json -
ok "an option may stand before the command"

# every field is spelt as in the golden table of the matrix
awk -F '\t' '
	function quoted(text) { return "\"" text "\"" }
	BEGIN { print "[" }
	{
		if (NR > 1)
			print "  },"
		print "  {"
		printf "    \"row\": %s,\n    \"tls\": %s,\n    \"sasl\": %s,\n", $1, quoted($2), quoted($3)
		printf "    \"dialback\": %s,\n", $4
		n = split($5, methods, ", ")
		if (n) {
			print "    \"methods\": ["
			for (i = 1; i <= n; i++)
				printf "      %s%s\n", quoted(methods[i]), i < n ? "," : ""
			print "    ],"
		} else {
			print "    \"methods\": [],"
		}
		printf "    \"class\": %s,\n    \"text\": %s\n", quoted($6), quoted($7)
	}
	END { print "  }\n]" }' "$source_tree/tests/golden/matrix.tsv" >wanted.json
diff -u wanted.json matrix.json >difference
ok "matrix --json has the spellings of matrix.tsv"
sed 's/^/# /' difference

fedgatectl matrix >/dev/full 2>errors
[ $? = 1 ] && [ "$(cat errors)" = "fedgatectl: the output cannot be written" ]
ok "an output that cannot be written is told"
finish
