/*
 * buf: a growing run of bytes with a budget.
 *
 * Embedded in its owner (init/fini). Growth past the budget, or memory running out, sets a sticky failure that buf_failed
 * reports; every later append is a no-op, so a writer checks once at the end. Not shared between threads.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"

struct buf {
	char *data; /* owned; NULL while empty */
	size_t len;
	size_t size;
	size_t max; /* budget in bytes */
	enum fail fail;
};

#define BUF_MAX_DEFAULT ((size_t)1 << 20)

/* MAX bytes at the most. */
void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);
/* Empties and clears the failure, keeps the memory. */
void buf_clear(struct buf *b);
void buf_add(struct buf *b, const void *data, size_t len);
void buf_adds(struct buf *b, const char *text);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Text as XML character data or attribute value: the five special characters as entities; CR, LF, TAB as references. */
void buf_add_xml(struct buf *b, const char *text, size_t len);
/* Room for N more bytes at data + len without changing len; NULL on failure. */
char *buf_reserve(struct buf *b, size_t n);
/* Drops the first N (<= len) bytes. */
void buf_shift(struct buf *b, size_t n);
/* A terminating NUL behind the data that does not count in len; "" where it fails. Borrowed until the next change. */
const char *buf_str(struct buf *b);
/* 0 or -FAIL_BUDGET, -FAIL_NO_MEMORY. */
int buf_failed(const struct buf *b) must_check;

#endif
