/* explain_int: what the running daemon knows of a domain. */
#ifndef ADMIN_EXPLAIN_INT_H
#define ADMIN_EXPLAIN_INT_H

#include <jansson.h>

#include "base/buf.h"

#define EXPLAIN_LABEL 16

/*
 * The text of the daemon's answer, each line labelled. KIND and ROW (0 = none) are what the configuration that was read says:
 * where the daemon goes by another, that is said. NOW: seconds since the epoch.
 */
void explain_daemon(const json_t *daemon, const char *kind, int row, int64_t now, struct buf *out);

#endif
