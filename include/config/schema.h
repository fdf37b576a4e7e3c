/*
 * schema: the one table of settings.
 *
 * It drives reading (config/load), the effective values with their origin, the reference file and fedgate.yml(5). Const;
 * any thread.
 */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum section_id {
	SECTION_TOP, /* keys outside the sections */
	SECTION_GATEWAY,
	SECTION_TLS,
	SECTION_DNS,
	SECTION_DOMAINS,
	SECTION_INSIDE,
	SECTION_PARTNERS,
	SECTION_COUNT
};

/* How the entries of a section are named. */
enum section_names {
	NAMES_NONE, /* the section has no entries, only keys */
	NAMES_DOMAIN,
	NAMES_LINK,
	NAMES_PARTNER /* a domain, or "*" */
};

struct schema_section {
	const char *name;
	enum section_names names;
	size_t size;	     /* of the struct in config/config.h that holds one entry */
	const char *example; /* of a name */
	const char *help;
};

/* The type in the file, and in C the field at the offset. */
enum schema_type {
	SCHEMA_STRING, /* char *, owned */
	SCHEMA_PATH,   /* char *, owned; made relative to the file that names it */
	SCHEMA_PATHS, /* struct config_names: a path or a list of at most SCHEMA_PATHS_MAX, made likewise */
	SCHEMA_LINK,	  /* char *, owned: name of an entry of inside */
	SCHEMA_BOOL,	  /* bool */
	SCHEMA_WORD,	  /* unsigned: index into words */
	SCHEMA_UINT,	  /* unsigned; a word, where there is one, stands for 0 */
	SCHEMA_DURATION,  /* uint64_t, seconds */
	SCHEMA_BYTES,	  /* uint64_t */
	SCHEMA_ADDRESS,	  /* struct config_address: literal and port */
	SCHEMA_ADDRESSES, /* struct config_addresses */
	SCHEMA_SERVERS,	  /* struct config_addresses, written address@port, port 53 by default */
	SCHEMA_HOST,	  /* struct config_address: name or literal, port 5269 by default */
	SCHEMA_DOMAINS,	  /* struct config_names: domains, and "*.suffix" */
	SCHEMA_URIS,	  /* struct config_names: URIs, at most SCHEMA_URIS_MAX */
	SCHEMA_INCLUDE	  /* only read by load */
};

#define SCHEMA_URIS_MAX 10
#define SCHEMA_PATHS_MAX 64

struct schema_key {
	enum section_id section;
	const char *key;
	enum schema_type type;
	size_t offset;
	const char
		*value; /* default as written in a file, list items apart by spaces; NULL = none */
	uint64_t min;
	uint64_t max;
	const char *const *words;
	bool required;
	bool restart;	     /* a change takes effect at the next start, not at a reload */
	const char *lync;    /* name of the same setting in Lync; NULL = none */
	const char *none;    /* what holds where there is no default */
	const char *example; /* NULL = the default */
	const char *help;
};

#define SCHEMA_KEYS_MAX 32 /* keys of one section: they are counted in a uint32_t */

const struct schema_section *schema_section(enum section_id section);
/* The section of that name, SECTION_COUNT where there is none; SECTION_TOP has no name. */
enum section_id schema_section_find(const char *name);

/* The keys of a section stand together. */
const struct schema_key *schema_keys(enum section_id section, size_t *count);
/* NULL where there is none. */
const struct schema_key *schema_key(enum section_id section, const char *key);
/* The key's place among those of its section. */
size_t schema_index(const struct schema_key *key);

const char *schema_type_str(enum schema_type type); /* for people */

/* What was probably meant by WORD among a section's keys, or the sections at the top; NULL = no idea. */
const char *schema_suggest_key(enum section_id section, const char *word);
const char *schema_suggest_section(const char *word);
/* The word of the list, NULL-terminated, that is nearest to WORD; NULL = none is near. */
const char *schema_nearest(const char *const *words, const char *word);

/* The generated documents: conf/fedgate.yml and fedgate.yml(5). */
void schema_reference(struct buf *out);
void schema_manual(struct buf *out);

#endif
