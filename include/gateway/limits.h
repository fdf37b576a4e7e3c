/*
 * limits: how many connections there are: in all, with each partner, and from each address before it authenticated.
 *
 * Those that have not authenticated are half of all at most: strangers cannot take the place of partners, nor of what we dial.
 *
 * Shared by all workers; any thread.
 */
#ifndef GATEWAY_LIMITS_H
#define GATEWAY_LIMITS_H

#include <stdbool.h>

#include "net/address.h"
#include "policy/partner.h"

struct limits;

struct limits *limits_new(unsigned all, unsigned per_source);
void limits_free(struct limits *l);
/* What is there already stays. */
void limits_set(struct limits *l, unsigned all, unsigned per_source);

/* A connection that came in from a stranger; false: it is one too many, and does not count. */
bool limits_come_in(struct limits *l, const struct net_address *from);
/* It authenticated. */
void limits_known(struct limits *l, const struct net_address *from);
/* It is gone; KNOWN: it had authenticated. */
void limits_gone(struct limits *l, const struct net_address *from, bool known);

/* A connection with the partner of REMOTE, within the partner's connection-limit; everyone of "*" has it for itself. DIALLED: it
 * is ours, and counts among all as well. False: one too many; it does not count. */
bool limits_take(struct limits *l, const struct partner *p, const char *remote, bool dialled);
void limits_give(struct limits *l, const struct partner *p, const char *remote, bool dialled);

#endif
