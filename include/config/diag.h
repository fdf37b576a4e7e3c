/*
 * diag: what is wrong, or worth knowing, about a configuration, each with its place.
 *
 * A struct diags owns its entries and copies all text given to it, so it outlives the files. At most DIAGS_MAX entries are
 * kept; what comes after only counts. Not shared between threads.
 */
#ifndef CONFIG_DIAG_H
#define CONFIG_DIAG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define DIAGS_MAX 1000

/* Where a value was written. */
struct place {
	const char *file; /* borrowed; NULL = nowhere, the built-in default */
	unsigned order;	  /* of the file in the order of reading */
	int line;	  /* from 1; 0 = the file as a whole */
	int column;
};

enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE };
#define SEVERITY_COUNT 3

struct diag {
	enum severity severity;
	char *file; /* owned */
	unsigned order;
	int line;
	int column;
	size_t number; /* in the order of adding: sorting is stable */
	char *subject; /* owned; the partner it is about, NULL = none */
	char *text;    /* owned; one line of our words, quoted text made harmless */
};

struct diags {
	struct diag *items; /* owned */
	size_t count;
	size_t size;
	size_t totals[SEVERITY_COUNT]; /* kept or not */
	const char *subject;	       /* borrowed; given to what is added next */
};

void diags_init(struct diags *d);
void diags_fini(struct diags *d);
/* The text becomes one line of UTF-8 without control characters; what is longer than 2 KiB is cut visibly. */
void diags_add(struct diags *d, enum severity severity, const struct place *at, const char *format,
	       ...) __attribute__((format(printf, 4, 5)));
/* By file in the order of reading, then line and column. Adds a last line where some were not kept. */
void diags_sort(struct diags *d);
bool diags_full(const struct diags *d);

/* "file:line:column: severity: text", without the position where there is none. */
void diag_print(const struct diag *diag, struct buf *out);
const char *severity_str(enum severity severity);

#define QUOTE_SIZE 88
/* Text of a file between backquotes for a message: one line, cut visibly. Returns OUT. */
const char *diag_quote(const char *text, char out[QUOTE_SIZE]);

#endif
