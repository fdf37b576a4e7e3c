#include "outside/seek.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "outside/dns_log.h"

#define DETAIL_SIZE 120

enum { XMPP, XMPPS, QUESTIONS };

static const char *const service_names[QUESTIONS] = { "_xmpp-server", "_xmpps-server" };

struct question_srv {
	struct seek *seek;
	struct resolver_query *query; /* while it is open */
	struct targets_answer answer;
	struct srv *records; /* owned */
	char reason[DETAIL_SIZE];
};

struct seek {
	struct outside *o;
	const struct partner *partner;
	seek_fn fn;
	void *context;
	struct loop_timer *grace;
	struct question_srv questions[QUESTIONS];
	char remote[JID_DOMAIN_SIZE];
};

static void free_seek(struct seek *s)
{
	size_t i;

	for (i = 0; i < QUESTIONS; i++) {
		if (s->questions[i].query)
			resolver_cancel(s->questions[i].query);
		free(s->questions[i].records);
	}
	loop_timer_free(s->grace);
	free(s);
}

static uint32_t chance(void *context, uint32_t below)
{
	uint32_t value;

	(void)context;
	if (random_bytes(&value, sizeof(value)))
		return 0; /* any order is a legal one */
	return value % below;
}

static void choose(struct seek *s)
{
	const struct targets_answer *xmpp = &s->questions[XMPP].answer,
				    *xmpps = &s->questions[XMPPS].answer;
	bool both = targets_may_direct_tls(s->partner);
	struct targets targets;
	enum fail fail = targets_choose(s->partner, s->remote, xmpp, both ? xmpps : NULL, chance,
					NULL, &targets);
	int which = both && xmpps->fail == fail ? XMPPS : XMPP;
	char reason[DETAIL_SIZE] = "";
	void *context = s->context;
	seek_fn fn = s->fn;

	if (fail)
		strcpy(reason, s->questions[which].reason);
	free_seek(s);
	fn(context, fail, reason, &targets);
}

static bool names_a_host(const struct targets_answer *a)
{
	size_t i;

	for (i = 0; i < a->count; i++)
		if (*a->records[i].target)
			return true;
	return false;
}

/* The other one is not waited for any longer. */
static void on_grace(void *context)
{
	struct seek *s = context;
	size_t i;

	for (i = 0; i < QUESTIONS; i++) {
		struct question_srv *q = &s->questions[i];
		if (!q->query)
			continue;
		resolver_cancel(q->query);
		q->query = NULL;
		q->answer.fail = FAIL_DNS_TIMEOUT;
	}
	choose(s);
}

static void on_srv(void *context, const struct resolver_answer *answer)
{
	struct question_srv *q = context;
	struct seek *s = q->seek;

	q->query = NULL;
	q->answer.fail = answer->fail;
	q->answer.secure = answer->secure;
	dns_log_ignored(s->o, s->remote, service_names[q - s->questions], answer->ignored);
	snprintf(q->reason, sizeof(q->reason), "%s", answer->reason);
	if (!answer->fail) {
		q->records = calloc(answer->count, sizeof(*q->records));
		q->answer.records = q->records;
		q->answer.count = q->records ? answer->count : 0;
		if (q->records)
			memcpy(q->records, answer->srv, answer->count * sizeof(*q->records));
		else
			q->answer.fail = FAIL_NO_MEMORY;
	}
	if (!s->questions[XMPP].query && !s->questions[XMPPS].query)
		choose(s);
	else if (names_a_host(&q->answer))
		loop_timer_set(s->grace, SEEK_GRACE_MS);
}

static bool ask(struct seek *s, int which)
{
	struct question_srv *q = &s->questions[which];
	char name[JID_DOMAIN_SIZE + 32];

	q->seek = s;
	snprintf(name, sizeof(name), "%s._tcp.%s", service_names[which], s->remote);
	q->query = resolver_srv(s->o->resolver, name, on_srv, q);
	return q->query != NULL;
}

struct seek *seek_new(struct outside *o, const struct partner *partner, const char *remote,
		      seek_fn fn, void *context)
{
	struct seek *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->o = o;
	s->partner = partner;
	s->fn = fn;
	s->context = context;
	strcpy(s->remote, remote); /* a normal form fits */
	s->grace = loop_timer_new(o->loop, on_grace, s);
	/* no answer comes before both are asked */
	if (s->grace && ask(s, XMPP) && (!targets_may_direct_tls(partner) || ask(s, XMPPS)))
		return s;
	free_seek(s);
	return NULL;
}

void seek_cancel(struct seek *s)
{
	free_seek(s);
}
