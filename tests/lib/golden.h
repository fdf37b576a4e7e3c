/*
 * golden: committed texts that tests compare with, so that a change of what they say shows in review.
 *
 * They lie in tests/golden (or, by a path with a slash, from the top of the source tree: $top_srcdir). With UPDATE_GOLDEN=1
 * in the environment a text that differs is rewritten and counts as equal.
 */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Prints the first line that differs, where one does. */
bool golden_matches(const char *name, const char *text);

/* Where the text of that name lies. */
void golden_path(char *path, size_t size, const char *name);
/* Appends the file's bytes; false where it cannot be read. */
bool golden_read(const char *path, struct buf *b);

#endif
