/*
 * calendar: when certificates end: ours that are in use, and those that partners showed last.
 *
 * Keeps nothing; reads our certificates' files, to see whether a newer one waits there. Main thread of the daemon.
 */
#ifndef ADMIN_CALENDAR_H
#define ADMIN_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/gateway.h"

struct calendar_entry {
	bool ours;
	char domain[JID_DOMAIN_SIZE];
	const char *direction; /* a partner's: "in", "out", or "both"; ours: "" */
	struct cert_leaf leaf;
	char names[CERT_NAMES_TEXT];
	int64_t days;	  /* whole ones that are left; negative: it has ended */
	bool warns;	  /* somebody should look at it */
	const char *note; /* why, besides the days; "" = nothing */
};

typedef void (*calendar_fn)(void *context, const struct calendar_entry *entry);

/* Every certificate, in no order; NOW in seconds since the epoch. */
void calendar_each(struct gateway *g, int64_t now, calendar_fn fn, void *context);
/* A line of the log for each that ends within certificate-warning-days. */
void calendar_log(struct gateway *g, int64_t now);

#endif
