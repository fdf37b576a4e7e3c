/* log: levels; lines that nobody can forge, overflow or hide in. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

#define ELLIPSIS "\xe2\x80\xa6"

static void test_levels(void **state)
{
	enum log_level level;
	int i;

	(void)state;
	for (i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++) {
		level = i == LOG_LEVEL_ERROR ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR;
		assert_true(log_level_parse(log_level_str((enum log_level)i), &level));
		assert_int_equal(level, i);
	}
	assert_string_equal(log_level_str(LOG_LEVEL_ERROR), "error");
	assert_string_equal(log_level_str(LOG_LEVEL_DEBUG), "debug");
	level = LOG_LEVEL_NOTICE;
	assert_false(log_level_parse("", &level));
	assert_false(log_level_parse("err", &level));
	assert_false(log_level_parse("Error", &level));
	assert_false(log_level_parse("errors", &level));
	assert_int_equal(level, LOG_LEVEL_NOTICE);
}

static void test_line(void **state)
{
	struct log_line l;

	(void)state;
	log_begin(&l, LOG_LEVEL_WARNING, "stream-closed");
	assert_int_equal(l.level, LOG_LEVEL_WARNING);
	assert_string_equal(l.text, "level=warning ev=stream-closed");
	log_str(&l, "remote", "a.example");
	log_int(&l, "n", -42);
	log_int(&l, "min", -9223372036854775807LL - 1);
	assert_string_equal(l.text, "level=warning ev=stream-closed remote=a.example n=-42 "
				    "min=-9223372036854775808");
	assert_int_equal(l.len, strlen(l.text));
	log_begin(&l, LOG_LEVEL_INFO, "again"); /* begins anew */
	assert_string_equal(l.text, "level=info ev=again");
}

static const char *value(struct log_line *l, const char *text)
{
	log_begin(l, LOG_LEVEL_INFO, "x");
	log_str(l, "k", text);
	assert_int_equal(l->len, strlen(l->text));
	return l->text + strlen("level=info ev=x k=");
}

static void test_escapes(void **state)
{
	struct log_line l;

	(void)state;
	assert_string_equal(value(&l, "plain-1.2:[x]"), "plain-1.2:[x]");
	assert_string_equal(value(&l, "two words"), "\"two words\"");
	assert_string_equal(value(&l, "a=b"), "\"a=b\"");
	assert_string_equal(value(&l, ""), "\"\"");
	assert_string_equal(value(&l, NULL), "\"\"");
	assert_string_equal(value(&l, "say \"hi\""), "\"say \\\"hi\\\"\"");
	assert_string_equal(value(&l, "\""), "\"\\\"\"");
	assert_string_equal(value(&l, "back\\slash"), "\"back\\\\slash\"");
	assert_string_equal(value(&l, "tab\t"), "\"tab\\x09\"");
	assert_string_equal(value(&l, "\x7f"), "\"\\x7f\"");
	assert_string_equal(value(&l, "\x1b[2J"), "\"\\x1b[2J\"");
	assert_string_equal(value(&l, "\x1f"), "\"\\x1f\"");
	/* a peer cannot begin a line of its own */
	assert_string_equal(value(&l, "x\nlevel=error ev=forged"),
			    "\"x\\x0alevel=error ev=forged\"");
	assert_string_equal(value(&l, "x\r"), "\"x\\x0d\"");
	/* UTF-8 is text; but its C1 controls steer terminals */
	assert_string_equal(value(&l, "caf\xc3\xa9"), "caf\xc3\xa9");
	assert_string_equal(value(&l, "\xc2\xa0"), "\xc2\xa0");
	assert_string_equal(value(&l, "\xc2\x9b"
				      "2J"),
			    "\"\\u009b2J\"");
	assert_string_equal(value(&l, "\xc2\x80\xc2\x9f"), "\"\\u0080\\u009f\"");
	assert_string_equal(value(&l, "\xc3\x80"), "\xc3\x80");
	assert_string_equal(value(&l, "end\xc2"), "end\xc2");
}

static void fill(char *text, const char *piece, size_t count)
{
	*text = '\0';
	while (count--)
		text = stpcpy(text, piece);
}

/* Visibly, between characters, and never past LOG_VALUE_MAX. */
static void test_cut(void **state)
{
	static const char *const pieces[] = { "a",  "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
					      "\n", "\xc2\x9b", "\"",		"\x80" };
	char text[8000], want[1024];
	struct log_line l;
	size_t i, shift;

	(void)state;
	for (i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		for (shift = 0; shift < 8; shift++) {
			const char *v;
			size_t len;
			fill(text, "b", shift);
			fill(text + shift, pieces[i], 1500);
			v = value(&l, text);
			len = strlen(v);
			assert_true(len <= LOG_VALUE_MAX + 2);
			if (v[len - 1] == '"')
				len--;
			assert_true(len >= 3 && !memcmp(v + len - 3, ELLIPSIS, 3));
			len -= 3;
			if ((unsigned char)pieces[i][0] >= 0xc3) /* whole characters only */
				assert_int_equal((len - shift) % strlen(pieces[i]), 0);
		}
	}
	fill(text, "a", LOG_VALUE_MAX - 8); /* the longest that is not cut */
	assert_string_equal(value(&l, text), text);
	fill(text, "a", LOG_VALUE_MAX - 7);
	fill(want, "a", LOG_VALUE_MAX - 8);
	strcat(want, ELLIPSIS);
	assert_string_equal(value(&l, text), want);
}

/* A field that has no room is left out as a whole; one that has is still taken. */
static void test_full(void **state)
{
	char text[600], key[8];
	struct log_line l;
	size_t i, len = 0;

	(void)state;
	fill(text, "v", 500);
	log_begin(&l, LOG_LEVEL_INFO, "x");
	for (i = 0; i < 20; i++) {
		snprintf(key, sizeof(key), "k%zu", i);
		log_str(&l, key, text);
		assert_true(l.len < sizeof(l.text));
		assert_int_equal(strlen(l.text), l.len);
		if (i == 8)
			len = l.len;
	}
	assert_int_equal(l.len, len);
	assert_null(strstr(l.text, " k8="));
	assert_non_null(strstr(l.text, " k7="));
	log_str(&l, "short", "1");
	assert_int_equal(l.len, len + strlen(" short=1"));
	for (i = 0; i < 600; i++)
		log_str(&l, "a", "b");
	assert_true(l.len <= sizeof(l.text) - 2); /* room for a newline */
	assert_true(l.len > sizeof(l.text) - 2 - strlen(" a=b"));
	assert_int_equal(strcmp(l.text + l.len - 4, " a=b"), 0);
}

/* Each piece of a field may be the one that does not fit. */
static void test_full_anywhere(void **state)
{
	size_t free_bytes;

	(void)state;
	for (free_bytes = 0; free_bytes <= 12; free_bytes++) {
		struct log_line l;
		log_begin(&l, LOG_LEVEL_INFO, "x");
		memset(l.text, 'z', sizeof(l.text));
		l.len = sizeof(l.text) - 2 - free_bytes;
		l.text[l.len] = '\0';
		log_str(&l, "key", "a b"); /* ' key="a b"': 10 */
		assert_int_equal(l.text[l.len], 0);
		assert_int_equal(l.len,
				 sizeof(l.text) - 2 - free_bytes + (free_bytes >= 10 ? 10 : 0));
	}
}

static void test_write(void **state)
{
	struct log_line l;
	char text[64];
	ssize_t n;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	log_begin(&l, LOG_LEVEL_ERROR, "ready");
	log_write(&l, ends[1]);
	n = read(ends[0], text, sizeof(text));
	assert_int_equal(n, strlen("level=error ev=ready\n"));
	assert_memory_equal(text, "level=error ev=ready\n", (size_t)n);
	assert_int_equal(l.len, strlen("level=error ev=ready")); /* the line is as it was */
	signal(SIGPIPE, SIG_IGN);
	close(ends[0]);
	log_write(&l, ends[1]); /* nobody reads: no more than a lost line */
	assert_int_equal(errno, EPIPE);
	close(ends[1]);
	log_write(&l, -1);
	assert_int_equal(errno, EBADF);
}

static void test_journal(void **state)
{
	struct log_line l;
	char text[100];
	int ends[2];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	log_begin(&l, LOG_LEVEL_ERROR, "x");
	log_write_journal(&l, ends[1]);
	log_begin(&l, LOG_LEVEL_DEBUG, "y");
	log_write_journal(&l, ends[1]);
	n = read(ends[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	assert_string_equal(text, "<3>level=error ev=x\n<7>level=debug ev=y\n");
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),	cmocka_unit_test(test_line),
		cmocka_unit_test(test_escapes), cmocka_unit_test(test_cut),
		cmocka_unit_test(test_full),	cmocka_unit_test(test_full_anywhere),
		cmocka_unit_test(test_write),	cmocka_unit_test(test_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
