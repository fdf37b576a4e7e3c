/*
 * value: one setting between text and field, by its type in the schema.
 *
 * ENTRY is the struct in which the key's field lies at its offset. A field is filled once and emptied by value_fini. Pure.
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include <stdbool.h>

#include "config/config.h"
#include "config/document.h"
#include "config/schema.h"

/* Reads NODE into the key's field. False where it cannot be, and DIAGS says why; the field is then empty or partly filled. */
bool value_read(const struct schema_key *key, const struct document *d, const struct node *node,
		void *entry, struct diags *diags) must_check;
/* Fills the field with the key's default, where it has one. */
void value_default(const struct schema_key *key, void *entry);
void value_fini(const struct schema_key *key, void *entry);
/* Is there nothing in it? Only types that can be empty are ever so. */
bool value_is_none(const struct schema_key *key, const void *entry);
/* The field as it would be written in a file, "" where there is nothing in it. */
void value_print(const struct schema_key *key, const void *entry, struct buf *out);
/* TEXT, a default or example of the schema, in the same way; nothing where it is NULL. */
void value_print_default(const struct schema_key *key, const char *text, struct buf *out);
/* The key's bounds for people ("1s to 1h"); nothing where it has none. */
void value_print_bounds(const struct schema_key *key, struct buf *out);

/* PATH as seen from the directory of FILE; owned by the caller. */
char *value_path(const char *file, const char *path);
/* A domain in normal form or "*." and one; false where TEXT is neither. */
bool value_pattern(const char *text, char out[JID_DOMAIN_SIZE + 2]);

#endif
