/* matrix: the 18 rows by rules of their own, so that a slip in the table does not go with a slip in its copy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/matrix.h"

static void test_look_ups(void **state)
{
	bool seen[MATRIX_ROWS + 1] = { false };
	int tls, sasl, dialback;

	(void)state;
	for (tls = TRI_REQUIRED; tls <= TRI_NOT_SUPPORTED; tls++) {
		for (sasl = TRI_REQUIRED; sasl <= TRI_NOT_SUPPORTED; sasl++) {
			for (dialback = 0; dialback < 2; dialback++) {
				const struct row *row =
					matrix_row((enum tri)tls, (enum tri)sasl, dialback);
				assert_int_equal(row->tls, tls);
				assert_int_equal(row->sasl, sasl);
				assert_int_equal(row->dialback, dialback);
				assert_in_range(row->number, 1, MATRIX_ROWS);
				assert_false(seen[row->number]);
				seen[row->number] = true;
				assert_ptr_equal(matrix_row_number(row->number), row);
			}
		}
	}
}

static void test_numbers(void **state)
{
	int i;

	(void)state;
	for (i = 1; i <= MATRIX_ROWS; i++)
		assert_int_equal(matrix_row_number(i)->number, i);
	assert_null(matrix_row_number(0));
	assert_null(matrix_row_number(-1));
	assert_null(matrix_row_number(MATRIX_ROWS + 1));
	assert_null(matrix_row_number(1000000));
}

/* SASL runs over TLS alone; TLS required is a floor; SASL required without TLS to carry it leaves dialback. */
static unsigned methods_by_rule(const struct row *row)
{
	unsigned methods = 0;

	if (row->tls != TRI_NOT_SUPPORTED && row->sasl != TRI_NOT_SUPPORTED)
		methods |= METHOD_BIT(METHOD_SASL_TLS);
	if (!row->dialback || (row->tls == TRI_REQUIRED && row->sasl == TRI_REQUIRED))
		return methods;
	if (row->tls != TRI_NOT_SUPPORTED)
		methods |= METHOD_BIT(METHOD_TLS_DIALBACK);
	if (row->tls != TRI_REQUIRED)
		methods |= METHOD_BIT(METHOD_TCP_DIALBACK);
	return methods;
}

static void test_methods(void **state)
{
	int i, m;

	(void)state;
	for (i = 1; i <= MATRIX_ROWS; i++) {
		const struct row *row = matrix_row_number(i);
		assert_int_equal(row->methods, methods_by_rule(row));
		assert_int_equal(row_is_valid(row), row->methods != 0);
		assert_int_equal(row_is_valid(row), row->class != ROW_NOT_VALID);
		assert_int_equal(row->class == ROW_GOOD, !*row->text);
		assert_false(row_may(row, METHOD_NONE));
		for (m = METHOD_SASL_TLS; m < METHOD_COUNT; m++)
			assert_int_equal(row_may(row, (enum method)m), row->methods >> m & 1);
	}
}

/* What was not valid stays so: 6, 12, 14, 16, 18. */
static void test_not_valid(void **state)
{
	static const int bad[] = { 6, 12, 14, 16, 18 };
	size_t i, next = 0;

	(void)state;
	for (i = 1; i <= MATRIX_ROWS; i++) {
		bool is_bad = next < 5 && bad[next] == (int)i;
		assert_int_equal(!row_is_valid(matrix_row_number((int)i)), is_bad);
		next += is_bad;
	}
	assert_int_equal(next, 5);
}

static void test_best_and_floor(void **state)
{
	static const struct {
		unsigned methods;
		enum method best, floor;
	} sets[] = {
		{ 0, METHOD_NONE, METHOD_NONE },
		{ METHOD_BIT(METHOD_SASL_TLS), METHOD_SASL_TLS, METHOD_SASL_TLS },
		{ METHOD_BIT(METHOD_TLS_DIALBACK), METHOD_TLS_DIALBACK, METHOD_TLS_DIALBACK },
		{ METHOD_BIT(METHOD_TCP_DIALBACK), METHOD_TCP_DIALBACK, METHOD_TCP_DIALBACK },
		{ METHOD_BIT(METHOD_SASL_TLS) | METHOD_BIT(METHOD_TLS_DIALBACK), METHOD_SASL_TLS,
		  METHOD_TLS_DIALBACK },
		{ METHOD_BIT(METHOD_TLS_DIALBACK) | METHOD_BIT(METHOD_TCP_DIALBACK),
		  METHOD_TLS_DIALBACK, METHOD_TCP_DIALBACK },
		{ METHOD_BIT(METHOD_SASL_TLS) | METHOD_BIT(METHOD_TLS_DIALBACK) |
			  METHOD_BIT(METHOD_TCP_DIALBACK),
		  METHOD_SASL_TLS, METHOD_TCP_DIALBACK },
		{ METHOD_BIT(METHOD_NONE), METHOD_NONE, METHOD_NONE }, /* no method at all */
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
		struct row row = { .methods = sets[i].methods };
		assert_int_equal(row_best(&row), sets[i].best);
		assert_int_equal(row_floor(&row), sets[i].floor);
	}
	assert_int_equal(row_best(matrix_row_number(7)), METHOD_SASL_TLS);
	assert_int_equal(row_floor(matrix_row_number(7)), METHOD_TLS_DIALBACK);
	assert_int_equal(row_floor(matrix_row_number(9)), METHOD_TCP_DIALBACK);
}

/* Wherever TLS is demanded nothing can be forced into clear; and the reverse. */
static void test_needs_tls(void **state)
{
	int i;

	(void)state;
	for (i = 1; i <= MATRIX_ROWS; i++) {
		const struct row *row = matrix_row_number(i);
		bool needs = row_is_valid(row) && row_floor(row) != METHOD_TCP_DIALBACK;
		assert_int_equal(row_needs_tls(row), needs);
		if (row->tls == TRI_REQUIRED && row_is_valid(row))
			assert_true(row_needs_tls(row));
		if (row->tls == TRI_NOT_SUPPORTED)
			assert_false(row_needs_tls(row));
		if (!row_is_valid(row))
			assert_false(row_needs_tls(row));
	}
	assert_true(row_needs_tls(matrix_row_number(4))); /* SASL is all there is */
	assert_true(row_needs_tls(matrix_row_number(10)));
}

static void test_tri(void **state)
{
	static const char *const names[] = { "required", "optional", "not-supported" };
	enum tri tri;
	int i;

	(void)state;
	for (i = TRI_REQUIRED; i <= TRI_NOT_SUPPORTED; i++) {
		assert_string_equal(tri_str((enum tri)i), names[i]);
		tri = i == TRI_REQUIRED ? TRI_OPTIONAL : TRI_REQUIRED;
		assert_true(tri_parse(names[i], &tri));
		assert_int_equal(tri, i);
	}
	tri = TRI_NOT_SUPPORTED;
	assert_false(tri_parse("", &tri));
	assert_false(tri_parse("Required", &tri));
	assert_false(tri_parse("require", &tri));
	assert_false(tri_parse("required ", &tri));
	assert_false(tri_parse("NotSupported", &tri));
	assert_int_equal(tri, TRI_NOT_SUPPORTED);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(method_str(METHOD_NONE), "none");
	assert_string_equal(method_str(METHOD_SASL_TLS), "SASL over TLS");
	assert_string_equal(method_str(METHOD_TLS_DIALBACK), "TLS dialback");
	assert_string_equal(method_str(METHOD_TCP_DIALBACK), "TCP dialback");
	assert_string_equal(method_str(METHOD_COUNT), "none");
	assert_string_equal(row_class_str(ROW_GOOD), "");
	assert_string_equal(row_class_str(ROW_NOTE), "note");
	assert_string_equal(row_class_str(ROW_WARNING), "warning");
	assert_string_equal(row_class_str(ROW_NOT_VALID), "not valid");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look_ups),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_not_valid),
		cmocka_unit_test(test_best_and_floor),
		cmocka_unit_test(test_needs_tls),
		cmocka_unit_test(test_tri),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
