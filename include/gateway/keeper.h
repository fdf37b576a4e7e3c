/*
 * keeper: what is known of partners: keys, methods, attempts; what is told of changes; what the workers hear of it.
 *
 * Its table in memory is what counts. The store behind it is read at the start and written a moment after something changed;
 * where that cannot be, it says so, goes on, and tries again. Bounded: a domain that no entry of the configuration names is
 * forgotten first, the one that was not heard of for the longest. Main thread alone.
 */
#ifndef GATEWAY_KEEPER_H
#define GATEWAY_KEEPER_H

#include "base/log.h"
#include "gateway/trust_entry.h"
#include "net/loop.h"
#include "outside/lesson.h"
#include "policy/partner.h"

#define KEEPER_DOMAINS_MAX 4096
#define KEEPER_FILE "partners.db" /* in state-dir */
#define KEEPER_WRITE_MS 500	  /* from a change to the disk */
#define KEEPER_RETRY_MS 30000	  /* after the disk could not be written */
#define KEEPER_WRITES_MAX 256	  /* domains written at once */
#define KEEPER_KEY_PREFIX_MIN 8	  /* digits of a key that name it */

struct keeper_hooks { /* all are called with keeper_options->context */
	/* The policy as it is now. */
	const struct policy *(*policy)(void *context);
	void (*log)(void *context, const struct log_line *line);
	/* What choosers and verdicts are to know of DOMAIN; FACTS NULL: nothing any more. */
	void (*changed)(void *context, const char *domain, const struct memory_facts *facts);
};

struct keeper_options {
	struct loop *loop;
	const char *path;  /* of the store; borrowed for the call */
	uint64_t retry_ms; /* 0 = KEEPER_RETRY_MS */
	const struct keeper_hooks *hooks;
	void *context;
};

struct keeper;

/* Reads the store; CHANGED is called for all that is in it. */
struct keeper *keeper_new(const struct keeper_options *options);
/* Writes what is not written yet. NULL is allowed. */
void keeper_free(struct keeper *k);

/* A pair came up, or was refused for what is remembered. */
void keeper_learn(struct keeper *k, const struct lesson *lesson);
/* A negotiation ended. */
void keeper_attempt(struct keeper *k, const struct attempt *attempt);

/* NULL = nothing is known. Borrowed until the next call. */
const struct trust_entry *keeper_find(const struct keeper *k, const char *domain);
/* In no order. */
void keeper_each(const struct keeper *k, void (*fn)(void *context, const struct trust_entry *entry),
		 void *context);

/*
 * The operator: from now on the key that was seen last is the one expected of DOMAIN; KEY, the first digits of its hash, says
 * which one is meant, "" = whichever it is. Both roles, where both have another. Gives how many were changed, 0 where nothing
 * was to be; a negative failure where nothing is known of the domain or no such key was seen.
 */
int keeper_accept(struct keeper *k, const char *domain, const char *key) must_check;
/* Nothing is known of the domain any more; false where nothing was. */
bool keeper_forget(struct keeper *k, const char *domain);

#endif
