/*
 * secret: files that hold a secret.
 *
 * Whoever gets a secret owns it and frees it with secret_free, which wipes it. Blocks on the disk: for start and reload, not
 * for a worker's loop. Any thread.
 */
#ifndef ADMIN_SECRET_H
#define ADMIN_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fail.h"

#define SECRET_ERROR_SIZE 256

struct secret {
	char *data; /* owned; NUL-terminated behind its end */
	size_t len;
};

/*
 * Makes PATH with 64 random hex digits and mode 0600 where it does not exist: under another name first, synced, then
 * linked to its place, so that it is never there in part and never replaces one. *MADE (may be NULL) says whether it was made.
 * -FAIL_IO with the reason.
 */
int secret_ensure(const char *path, bool *made, char error[SECRET_ERROR_SIZE]) must_check;

/* Reads PATH without the newline at its end, at least MIN bytes. -FAIL_IO or -FAIL_CONFIG with the reason. */
int secret_load(const char *path, size_t min, struct secret *out,
		char error[SECRET_ERROR_SIZE]) must_check;
void secret_free(struct secret *secret);

#endif
