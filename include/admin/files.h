/*
 * files: the file system and X.509, as config/load wants them.
 *
 * Embedded in whoever loads a configuration; lives as long as the load. Not shared between threads.
 */
#ifndef ADMIN_FILES_H
#define ADMIN_FILES_H

#include <stdint.h>

#include "config/config.h"

struct admin_files {
	struct config_files files; /* give this to config_load */
	int64_t now;
};

/* NOW: seconds since the epoch, at which certificates are judged. */
void admin_files_init(struct admin_files *f, int64_t now);

#endif
