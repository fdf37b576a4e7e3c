/*
 * memory_files: a few files in memory in place of the file system, and certificates that are only words.
 *
 * A certificate reads "certificate N", with " for DOMAIN", " warning" or " broken" after it; its key "key N", or " broken".
 * A pattern of an include matches by fnmatch. Everything given is copied.
 */
#ifndef TESTS_MEMORY_FILES_H
#define TESTS_MEMORY_FILES_H

#include "config/config.h"

#define MEMORY_FILES_MAX 32

struct memory_file {
	char *name;
	char *data;
	size_t len;
	unsigned mode;
	int error;   /* errno of reading it; 0 = none */
	size_t same; /* the file that it is another name of; its own number otherwise */
};

struct memory_files {
	struct config_files files; /* give this to config_load */
	struct memory_file items[MEMORY_FILES_MAX];
	size_t count;
	int list_error; /* errno of listing; 0 = none */
};

/* With the files that most configurations of the tests name: chat.pem, chat.key, app.secret, and trust anchors. */
void memory_files_init(struct memory_files *m);
void memory_files_fini(struct memory_files *m);
/* Adds or replaces; NULL where there is no room. */
struct memory_file *memory_files_put(struct memory_files *m, const char *name, const char *data,
				     size_t len);
struct memory_file *memory_files_puts(struct memory_files *m, const char *name, const char *text);
void memory_files_remove(struct memory_files *m, const char *name);

#endif
