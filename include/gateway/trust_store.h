/*
 * trust_store: the file in which what is known of partners outlives the daemon.
 *
 * An SQLite database with a write-ahead log. It blocks on the disk, so it is for the main thread alone. A file that is corrupt,
 * or of another program or version, is set aside under another name and a new one is begun. Whoever uses it keeps all in
 * memory as well and goes on where nothing can be read or written.
 */
#ifndef GATEWAY_TRUST_STORE_H
#define GATEWAY_TRUST_STORE_H

#include <stddef.h>

#include "gateway/trust_entry.h"

#define TRUST_STORE_VERSION 1
#define TRUST_STORE_ERROR_SIZE 320
#define TRUST_STORE_PATH_SIZE 512

struct trust_store;

/* One domain; ENTRY is borrowed for the call. */
typedef void (*trust_store_fn)(void *context, const struct trust_entry *entry);

/*
 * Opens PATH, makes it where it is not there, and reads all of it. NULL with the reason where it cannot be used now. ASIDE: the
 * new name of a file that had to be set aside, with the reason in ERROR; "" = none was.
 */
struct trust_store *trust_store_open(const char *path, trust_store_fn fn, void *context,
				     char aside[TRUST_STORE_PATH_SIZE],
				     char error[TRUST_STORE_ERROR_SIZE]);
void trust_store_close(struct trust_store *s); /* NULL is allowed */

/* Replaces what it has of these domains: all or nothing. -FAIL_IO with the reason. */
int trust_store_write(struct trust_store *s, const struct trust_entry *const *entries, size_t count,
		      char error[TRUST_STORE_ERROR_SIZE]) must_check;
int trust_store_remove(struct trust_store *s, const char *domain,
		       char error[TRUST_STORE_ERROR_SIZE]) must_check;

#endif
