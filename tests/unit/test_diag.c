/* diag: messages are one line each, cut visibly, in the order of the files; errors push out the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/diag.h"

static const struct place at = { "f", 0, 1, 2 };

static const char *added(struct diags *d, const char *text)
{
	diags_add(d, SEVERITY_ERROR, &at, "`%s` is wrong", text);
	return d->items[d->count - 1].text;
}

static void test_one_line(void **state)
{
	struct diags d;

	(void)state;
	diags_init(&d);
	assert_string_equal(added(&d, "a"), "`a` is wrong");
	assert_string_equal(added(&d, "a\tb\n\nc\n"), "`a b  c ` is wrong");
	diags_fini(&d);
}

/* The name of an included file may be any bytes. */
static void test_nothing_but_text(void **state)
{
	struct place odd = { "\x1b[2J\xff/\xc3\xa4\xc2\x9b\xed\xa0\x80\xf0\x9f", 0, 1, 2 };
	struct diags d;

	(void)state;
	diags_init(&d);
	diags_add(&d, SEVERITY_ERROR, &odd, "%s", odd.file);
	assert_string_equal(d.items[0].file, "?[2J?/\xc3\xa4???????");
	assert_string_equal(d.items[0].text, "?[2J?/\xc3\xa4???????");
	diags_fini(&d);
}

/* The end is never half a character. */
static void test_cut_visibly(void **state)
{
	static const size_t lengths[] = { 2034, 2035, 2036, 2037, 2040, 2500 };
	char text[2600];
	struct diags d;
	size_t i, n;

	(void)state;
	diags_init(&d);
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		const char *line;
		for (n = 0; n + 2 <= lengths[i]; n += 2)
			memcpy(text + n, "\xc3\xa4", 2);
		if (n < lengths[i])
			text[n++] = 'x';
		text[n] = '\0';
		line = added(&d, text);
		if (n + strlen("`` is wrong") < 2048) {
			assert_int_equal(strlen(line), n + strlen("`` is wrong"));
			continue;
		}
		assert_in_range(strlen(line), 2046, 2047);
		assert_string_equal(line + strlen(line) - strlen("…"), "…");
		assert_true((line[strlen(line) - strlen("…") - 1] & 0xc0) != 0xc0);
	}
	diags_fini(&d);
}

static void test_errors_push_out_the_rest(void **state)
{
	struct place place = at;
	struct diags d;
	unsigned i;

	(void)state;
	diags_init(&d);
	for (i = 0; i < DIAGS_MAX; i++) {
		place.line = (int)(DIAGS_MAX - i);
		diags_add(&d, i % 2 ? SEVERITY_WARNING : SEVERITY_NOTE, &place, "%u", i);
	}
	diags_add(&d, SEVERITY_WARNING, &at, "one too many");
	diags_add(&d, SEVERITY_ERROR, &at, "an error");
	assert_true(diags_full(&d));
	assert_int_equal(d.totals[SEVERITY_ERROR], 1);
	assert_int_equal(d.totals[SEVERITY_WARNING], DIAGS_MAX / 2 + 1);
	diags_sort(&d);
	assert_int_equal(d.count, DIAGS_MAX + 1);
	assert_string_equal(d.items[0].text, "an error");
	assert_int_equal(d.items[1].line, 2);
	assert_string_equal(d.items[DIAGS_MAX].text,
			    "2 more errors, warnings and notes are not shown");
	diags_fini(&d);
}

static void test_print(void **state)
{
	struct place whole = { "f", 0, 0, 0 };
	struct diags d;
	struct buf out;

	(void)state;
	diags_init(&d);
	buf_init(&out, BUF_MAX_DEFAULT);
	diags_add(&d, SEVERITY_NOTE, &at, "so");
	diags_add(&d, SEVERITY_WARNING, &whole, "so");
	diag_print(&d.items[0], &out);
	assert_string_equal(buf_str(&out), "f:1:2: note: so");
	buf_clear(&out);
	diag_print(&d.items[1], &out);
	assert_string_equal(buf_str(&out), "f: warning: so");
	buf_fini(&out);
	diags_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_line),    cmocka_unit_test(test_nothing_but_text),
		cmocka_unit_test(test_cut_visibly), cmocka_unit_test(test_errors_push_out_the_rest),
		cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests_name("diag", tests, NULL, NULL);
}
