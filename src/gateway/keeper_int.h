/* keeper_int: the inside of the keeper: keeper.c (the table and what follows from it), keeper_disk.c (the store). */
#ifndef KEEPER_INT_H
#define KEEPER_INT_H

#include "gateway/keeper.h"
#include "gateway/trust_store.h"

#define KEEPER_DAY 16

struct kept {
	struct trust_entry entry; /* first: its domain is the key of the tree */
	bool dirty;		  /* the store does not have it as it is */
	struct kept *next;
};

struct gone { /* a domain that the store still has */
	char domain[JID_DOMAIN_SIZE];
	struct gone *next;
};

struct keeper {
	struct loop *loop;
	const struct keeper_hooks *hooks;
	void *context;
	char *path; /* owned */
	uint64_t retry_ms;
	void *by_domain; /* a tree of tsearch */
	struct kept *all;
	unsigned count;
	struct trust_store *store; /* NULL: it cannot be used now */
	struct gone *gone;
	struct loop_timer *timer;
	bool failing; /* and that was said */
};

/* keeper.c */
void keeper_loaded(void *context, const struct trust_entry *entry);

/* keeper_disk.c */
void keeper_write_later(struct keeper *k, struct kept *e);
void keeper_remove_later(struct keeper *k, const char *domain);
/* Forgotten, and the store does not know it yet. */
bool keeper_is_gone(const struct keeper *k, const char *domain);
/* "2026-11-25"; returns OUT. */
const char *keeper_day(int64_t seconds, char out[KEEPER_DAY]);

#endif
