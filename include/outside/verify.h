/*
 * verify: asks authoritative servers about dialback keys. [XEP-0220 2.1.2]
 *
 * One connection for each pair, for as long as there is something to ask, never the one a key came in on. Equal questions are
 * asked once. A stranger makes us dial only to partners, and only so often at once. One per worker, its thread.
 */
#ifndef OUTSIDE_VERIFY_H
#define OUTSIDE_VERIFY_H

#include "outside/outside.h"

#define VERIFY_PER_REMOTE 64 /* questions to one domain at once */
#define VERIFY_PER_PEER 32   /* of one address at once */
#define VERIFY_ALL 4096

struct verify_desk;

struct verify_desk *verify_new(struct outside *o);
void verify_free(struct verify_desk *v);
/* Answers by the hooks, exactly once, never from inside the call. */
void verify_ask(struct verify_desk *v, const struct question *q);
/* Questions that are open. */
unsigned verify_open(const struct verify_desk *v);
/* Answers all that is open: not reached. */
void verify_drain(struct verify_desk *v);

#endif
