#include "outside/retry.h"

#include <stddef.h>

/* 0 to MS, both of them included; below 2^32, so nothing overflows. */
static uint64_t part_of(uint64_t ms, uint32_t chance)
{
	return (ms + 1) * chance >> 32;
}

void retry_lost(struct retry *r, uint64_t first_ms, uint32_t chance, uint64_t now)
{
	r->delay = 0;
	r->at = now + part_of(first_ms, chance);
}

void retry_failed(struct retry *r, uint64_t max_ms, uint32_t chance, uint64_t now)
{
	r->delay = r->delay ? r->delay * 2 : RETRY_FIRST_MS;
	if (r->delay > max_ms)
		r->delay = max_ms;
	r->at = now + r->delay - part_of(r->delay / 2, chance);
}

void retry_reset(struct retry *r)
{
	*r = (struct retry){ 0, 0 };
}

bool retry_has_failed(const struct retry *r)
{
	return r->delay > 0;
}

uint64_t retry_wait(const struct retry *r, uint64_t now)
{
	return r->at > now ? r->at - now : 0;
}

void retry_gate_init(struct retry_gate *g, unsigned max)
{
	*g = (struct retry_gate){ .max = max };
}

bool retry_gate_enter(struct retry_gate *g, struct retry_place *p)
{
	if (g->in < g->max) {
		g->in++;
		p->state = RETRY_IN;
		return true;
	}
	p->state = RETRY_WAITING;
	p->before = g->last;
	p->behind = NULL;
	if (g->last)
		g->last->behind = p;
	else
		g->first = p;
	g->last = p;
	g->waiting++;
	return false;
}

static void stop_waiting(struct retry_gate *g, struct retry_place *p)
{
	if (p->before)
		p->before->behind = p->behind;
	else
		g->first = p->behind;
	if (p->behind)
		p->behind->before = p->before;
	else
		g->last = p->before;
	p->before = p->behind = NULL;
	g->waiting--;
}

struct retry_place *retry_gate_leave(struct retry_gate *g, struct retry_place *p)
{
	enum retry_place_state was = p->state;
	struct retry_place *next;

	p->state = RETRY_OUT;
	if (was == RETRY_WAITING)
		stop_waiting(g, p);
	if (was != RETRY_IN)
		return NULL;
	next = g->first;
	if (!next) {
		g->in--;
		return NULL;
	}
	stop_waiting(g, next); /* and takes the room that P had */
	next->state = RETRY_IN;
	return next;
}
