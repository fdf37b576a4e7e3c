/*
 * memory: what is remembered of domains, as the choosers and the verdict want it.
 *
 * A copy of what the gateway's keeper knows: each worker has its own, which its thread alone reads and writes. It keeps what
 * it is told and forgets what it is told to; whoever tells it bounds it. Pure.
 */
#ifndef POLICY_MEMORY_H
#define POLICY_MEMORY_H

#include <stdbool.h>

#include "policy/matrix.h"

#define MEMORY_SIDES 2 /* the two roles of a stream have a memory each: 0 initiating, 1 receiving */
#define MEMORY_KEY_SIZE 32

struct memory_side {
	enum method best; /* METHOD_NONE: never authorised */
	bool pinned;
	unsigned char key[MEMORY_KEY_SIZE]; /* SHA-256 of the SubjectPublicKeyInfo */
};

struct memory_facts {
	struct memory_side sides[MEMORY_SIDES];
};

struct memory;

struct memory *memory_new(void);
void memory_free(struct memory *m); /* NULL is allowed */
/* DOMAIN in normal form. */
void memory_set(struct memory *m, const char *domain, const struct memory_facts *facts);
void memory_forget(struct memory *m, const char *domain);
/* Borrowed until the next set or forget; NULL = nothing is known. M NULL: a gateway that remembers nothing. */
const struct memory_side *memory_find(const struct memory *m, const char *domain, unsigned side);

#endif
