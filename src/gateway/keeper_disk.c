/* What the keeper has, on the disk. */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "keeper_int.h"

const char *keeper_day(int64_t seconds, char out[KEEPER_DAY])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(out, KEEPER_DAY, "%Y-%m-%d", &tm))
		snprintf(out, KEEPER_DAY, "?");
	return out;
}

/* ---- what is said ---- */

static void say(const struct keeper *k, enum log_level level, const char *ev, const char *aside,
		const char *why)
{
	struct log_line l;

	log_begin(&l, level, ev);
	log_str(&l, "file", k->path);
	if (aside)
		log_str(&l, "set-aside", aside);
	if (why)
		log_str(&l, "text", why);
	k->hooks->log(k->context, &l);
}

/* Once, until it works again. */
static void cannot(struct keeper *k, const char *why)
{
	if (!k->failing)
		say(k, LOG_LEVEL_ERROR, "state-unavailable", NULL, why);
	k->failing = true;
}

static void can(struct keeper *k)
{
	if (k->failing)
		say(k, LOG_LEVEL_NOTICE, "state-available", NULL, NULL);
	k->failing = false;
}

/* ---- the store ---- */

/* What is in memory and not in a file that may be a new one. */
static void all_is_dirty(struct keeper *k)
{
	struct kept *e;

	for (e = k->all; e; e = e->next)
		e->dirty = true;
}

static bool open_store(struct keeper *k)
{
	char aside[TRUST_STORE_PATH_SIZE], error[TRUST_STORE_ERROR_SIZE];
	bool again = k->count > 0;

	if (again)
		all_is_dirty(k); /* not what is loaded now */
	k->store = trust_store_open(k->path, keeper_loaded, k, aside, error);
	if (*aside)
		say(k, LOG_LEVEL_ERROR, "state-set-aside", aside, error);
	if (!k->store)
		cannot(k, error);
	return k->store != NULL;
}

static void forget_gone(struct keeper *k)
{
	struct gone *g = k->gone;

	k->gone = g->next;
	free(g);
}

static int remove_gone(struct keeper *k, char error[TRUST_STORE_ERROR_SIZE])
{
	while (k->gone) {
		if (trust_store_remove(k->store, k->gone->domain, error))
			return -FAIL_IO;
		forget_gone(k);
	}
	return 0;
}

/* Some of what is dirty; true where there is more. */
static bool write_some(struct keeper *k, int *rc, char error[TRUST_STORE_ERROR_SIZE])
{
	const struct trust_entry *entries[KEEPER_WRITES_MAX];
	struct kept *written[KEEPER_WRITES_MAX], *e;
	size_t count = 0, i;

	for (e = k->all; e && count < KEEPER_WRITES_MAX; e = e->next) {
		if (!e->dirty)
			continue;
		written[count] = e;
		entries[count++] = &e->entry;
	}
	*rc = count ? trust_store_write(k->store, entries, count, error) : 0;
	for (i = 0; i < count && !*rc; i++)
		written[i]->dirty = false;
	return e != NULL;
}

/* Where it cannot be written it is opened anew later: that finds out whether it is the file itself. */
static void write_now(struct keeper *k)
{
	char error[TRUST_STORE_ERROR_SIZE];
	bool more = false;
	int rc;

	if (!k->store && !open_store(k)) {
		loop_timer_set(k->timer, k->retry_ms);
		return;
	}
	rc = remove_gone(k, error);
	if (!rc)
		more = write_some(k, &rc, error);
	if (rc) {
		cannot(k, error);
		trust_store_close(k->store);
		k->store = NULL;
		loop_timer_set(k->timer, k->retry_ms);
		return;
	}
	can(k);
	if (more)
		loop_timer_set(k->timer, 1);
}

static void on_timer(void *context)
{
	write_now(context);
}

static void soon(struct keeper *k)
{
	if (!loop_timer_is_set(k->timer))
		loop_timer_set(k->timer, KEEPER_WRITE_MS);
}

void keeper_write_later(struct keeper *k, struct kept *e)
{
	e->dirty = true;
	soon(k);
}

void keeper_remove_later(struct keeper *k, const char *domain)
{
	struct gone *g = mem_new(sizeof(*g));

	strcpy(g->domain, domain);
	g->next = k->gone;
	k->gone = g;
	soon(k);
}

bool keeper_is_gone(const struct keeper *k, const char *domain)
{
	const struct gone *g = k->gone;

	while (g && strcmp(g->domain, domain))
		g = g->next;
	return g != NULL;
}

/* ---- life ---- */

struct keeper *keeper_new(const struct keeper_options *options)
{
	struct keeper *k = mem_new(sizeof(*k));

	k->loop = options->loop;
	k->hooks = options->hooks;
	k->context = options->context;
	k->path = mem_strdup(options->path);
	k->retry_ms = options->retry_ms ? options->retry_ms : KEEPER_RETRY_MS;
	k->timer = loop_timer_new(k->loop, on_timer, k);
	if (!k->timer) {
		keeper_free(k);
		return NULL;
	}
	if (!open_store(k))
		loop_timer_set(k->timer, k->retry_ms);
	return k;
}

static void last_write(struct keeper *k)
{
	char error[TRUST_STORE_ERROR_SIZE];
	bool more = true;
	int rc = remove_gone(k, error);

	while (more && !rc)
		more = write_some(k, &rc, error);
	if (rc)
		cannot(k, error);
}

void keeper_free(struct keeper *k)
{
	if (!k)
		return;
	if (k->store)
		last_write(k);
	trust_store_close(k->store);
	loop_timer_free(k->timer);
	while (k->gone)
		forget_gone(k);
	tdestroy(k->by_domain, free);
	free(k->path);
	free(k);
}
