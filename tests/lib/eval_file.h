/*
 * eval_file: reads .eval files, one case a line, and prints TAP.
 *
 * A line is fields between blanks or tabs: the expected verdict first, then the facts. "..." keeps blanks together (and makes
 * the empty field); \xNN \0 \n \r \t \s \\ \" \{ \# stand for one byte anywhere, {TEXT*N} for N times TEXT (not nested). A '#'
 * at the start of a field begins a comment. A last field such as [T11] or [T12,R08] is the tag of the case. A line whose
 * first field begins with ':' declares something for the cases behind it. A file without a case is a failure.
 */
#ifndef TESTS_LIB_EVAL_FILE_H
#define TESTS_LIB_EVAL_FILE_H

#include <stdbool.h>
#include <stddef.h>

#define EVAL_FIELDS_MAX 32

struct eval_field {
	char *text; /* NUL-terminated behind LEN bytes, which may hold NULs of their own */
	size_t len;
};

struct eval_case {
	int line;
	int count; /* of fields, without the tag */
	struct eval_field fields[EVAL_FIELDS_MAX];
	char why[1024]; /* what was wrong */
};

/* One kind of file. CTX is what eval_file_run was given. */
struct eval_kind {
	const char *name; /* NAME.eval */
	/* True where the case holds. A declaration that is wrong is a failed case. */
	bool (*run)(struct eval_case *c, void *ctx);
	/* Called at the end of the file as one more case; NULL where there is nothing to say. */
	bool (*finish)(struct eval_case *c, void *ctx);
};

/* Runs a file; the results go through tap. */
void eval_file_run(const char *path, const struct eval_kind *kind, void *ctx);

/* The text of field I, "" where there is none. */
const char *eval_text(const struct eval_case *c, int i);
/* Notes why the case does not hold; returns false. */
bool eval_fail(struct eval_case *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Is GOT the text of field I? Notes the difference. */
bool eval_expect(struct eval_case *c, int i, const char *got);
/* "yes" or "no" in field I. */
bool eval_expect_bool(struct eval_case *c, int i, bool got);
/* Splits off the next item of a list a,b,c at *LIST; NULL at its end. Destroys the list. */
char *eval_next_item(char **list);

#endif
