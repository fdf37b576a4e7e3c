/* mem: the arena and its budget; allocation that aborts. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"

/* A sanitizer's allocator then yields NULL for what is too much, as libc's does. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void test_alloc(void **state)
{
	struct arena a;
	size_t size, align = _Alignof(max_align_t);

	(void)state;
	arena_init(&a, 100000);
	for (size = 0; size < 200; size++) {
		unsigned char *p = arena_alloc(&a, size);
		size_t i;
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % align, 0);
		for (i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
	}
	assert_true(a.used >= 199 * 200 / 2);
	arena_fini(&a);
	assert_null(a.blocks);
	assert_int_equal(a.used, 0);
}

/* Pieces do not overlap, also where one needs a block of its own. */
static void test_pieces_are_apart(void **state)
{
	static const size_t sizes[] = { 16, 4080, 4096, 1, 5000, 16, 4097, 32, 9000, 4000, 96 };
	enum { COUNT = sizeof(sizes) / sizeof(*sizes) };
	unsigned char *pieces[COUNT];
	struct arena a;
	size_t i, k;

	(void)state;
	arena_init(&a, 1 << 20);
	for (i = 0; i < COUNT; i++) {
		pieces[i] = arena_alloc(&a, sizes[i]);
		assert_non_null(pieces[i]);
		memset(pieces[i], (int)i + 1, sizes[i]);
	}
	for (i = 0; i < COUNT; i++)
		for (k = 0; k < sizes[i]; k++)
			assert_int_equal(pieces[i][k], i + 1);
	arena_fini(&a);
}

static void test_budget(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 64);
	assert_null(arena_alloc(&a, 65));
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_non_null(arena_alloc(&a, 64)); /* exactly */
	assert_int_equal(a.used, 64);
	assert_null(arena_alloc(&a, 1));
	arena_clear(&a);
	assert_int_equal(a.used, 0);
	assert_non_null(arena_alloc(&a, 48));
	assert_null(arena_alloc(&a, 17)); /* with its padding it is too much */
	assert_non_null(arena_alloc(&a, 16));
	arena_fini(&a);
}

static void test_out_of_memory(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, SIZE_MAX);
	assert_null(arena_alloc(&a, SIZE_MAX / 2));
	assert_null(arena_alloc(&a, SIZE_MAX - 64));
	assert_null(arena_alloc(&a, SIZE_MAX - 1));
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_strndup(&a, "x", SIZE_MAX));
	assert_null(arena_strndup(&a, "x", SIZE_MAX - 1));
	assert_int_equal(a.used, 0);
	assert_non_null(arena_alloc(&a, 1));
	arena_fini(&a);
}

/* What was there before is gone: the memory of one element says nothing to the next. */
static void test_clear(void **state)
{
	struct arena a;
	char *first, *again;

	(void)state;
	arena_init(&a, 1 << 20);
	arena_clear(&a); /* of nothing */
	first = arena_alloc(&a, 100);
	memset(first, 'x', 100);
	arena_clear(&a);
	assert_non_null(a.blocks); /* one block stays */
	again = arena_alloc(&a, 100);
	assert_ptr_equal(first, again);
	assert_int_equal(again[0], 0);
	assert_int_equal(again[99], 0);
	arena_alloc(&a, 4090); /* a second block */
	arena_clear(&a);
	assert_int_equal(a.used, 0);
	arena_alloc(&a, 5000); /* a large one does not stay */
	arena_clear(&a);
	assert_null(a.blocks);
	assert_non_null(arena_alloc(&a, 10));
	arena_fini(&a);
	arena_fini(&a);
}

static void test_strndup(void **state)
{
	struct arena a;
	char *text;

	(void)state;
	arena_init(&a, 32);
	text = arena_strndup(&a, "abcdef", 3);
	assert_string_equal(text, "abc");
	text = arena_strndup(&a, "a\0b", 3);
	assert_memory_equal(text, "a\0b\0", 4);
	assert_null(arena_strndup(&a, "", 0));
	arena_clear(&a);
	assert_string_equal(arena_strndup(&a, "", 0), "");
	arena_fini(&a);
}

static void test_mem(void **state)
{
	char *p = mem_new(8), *text;
	size_t i;

	(void)state;
	for (i = 0; i < 8; i++)
		assert_int_equal(p[i], 0);
	memcpy(p, "1234567", 8);
	p = mem_grow(p, 10000);
	assert_string_equal(p, "1234567");
	p = mem_grow(p, 0);
	assert_non_null(p);
	free(p);
	p = mem_grow(NULL, 4);
	assert_non_null(p);
	free(p);
	p = mem_new(0);
	assert_non_null(p);
	free(p);
	text = mem_strdup("hello");
	assert_string_equal(text, "hello");
	free(text);
	text = mem_strndup("hello", 2);
	assert_string_equal(text, "he");
	free(text);
}

static void too_much_new(void)
{
	free(mem_new(SIZE_MAX / 2));
}

static void too_much_grow(void)
{
	free(mem_grow(NULL, SIZE_MAX / 2));
}

static void assert_aborts(void (*function)(void))
{
	static const struct rlimit no_core = { 0, 0 };
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		signal(SIGABRT, SIG_DFL);
		setrlimit(RLIMIT_CORE, &no_core);
		fclose(stderr);
		function();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

/* Never NULL: small internal things have no plan for that. */
static void test_aborts(void **state)
{
	(void)state;
	assert_aborts(too_much_new);
	assert_aborts(too_much_grow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alloc),  cmocka_unit_test(test_pieces_are_apart),
		cmocka_unit_test(test_budget), cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_clear),  cmocka_unit_test(test_strndup),
		cmocka_unit_test(test_mem),    cmocka_unit_test(test_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
