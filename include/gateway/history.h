/*
 * history: how the last negotiation with each domain ended, in each direction.
 *
 * Bounded: the domain that was not heard of for the longest is forgotten first. Any thread.
 */
#ifndef GATEWAY_HISTORY_H
#define GATEWAY_HISTORY_H

#include <stdbool.h>

#include "outside/attempt.h"

#define HISTORY_DOMAINS_MAX 4096

struct history;

struct history *history_new(void);
void history_free(struct history *h);
void history_add(struct history *h, const struct attempt *a);
bool history_last(struct history *h, const char *remote, enum negotiation_role role,
		  struct attempt *out);

#endif
