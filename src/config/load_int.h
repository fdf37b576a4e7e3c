/* load_int: what the files of config/load share while one configuration is being read. */
#ifndef CONFIG_LOAD_INT_H
#define CONFIG_LOAD_INT_H

#include "config/config.h"
#include "config/document.h"

struct load_document {
	struct document document;
	uint64_t device;
	uint64_t inode;
};

struct load_entries {
	void *array;
	size_t count;
};

struct load {
	const struct config_files *files;
	struct diags *diags;
	struct config *config;
	struct load_document **documents; /* owned */
	size_t document_count;
	struct load_entries entries[SECTION_COUNT]; /* handed to config when all are read */
	bool incomplete; /* a file is missing from the picture: what it may have held is not missed */
};

/* Something after another in an array of entries, which all begin with a struct config_base. */
struct config_base *load_entry(void *array, const struct schema_section *section, size_t i);

/* AT, or the beginning of the main file for what is not written anywhere. */
struct place load_place(const struct load *l, const struct place *at);
/* The place of a key's value in BASE. */
struct place load_value_place(const struct load *l, const struct config_base *base,
			      enum section_id section, const char *key);
/* Could the key be read, or has it a default? */
bool load_key_good(const struct config_base *base, enum section_id section, const char *key);

/* The row as written; NULL where one of its three settings could not be read. */
const struct row *load_row(const struct config_partner *partner);
/* Does some partner's row permit METHOD? */
bool load_any_row_may(const struct load *l, enum method method);

/* What must not be (load_check.c), what the files named hold (load_files.c), what may be unwise (load_lint.c). */
void load_check(struct load *l);
void load_check_files(struct load *l);
void load_lint(struct load *l);

#endif
