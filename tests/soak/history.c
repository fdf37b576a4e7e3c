#include "history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "soak.h"

#define EXCUSE_MS \
	35000 /* what was sent longer ago is not what a cut took; silence for good lasts 30 s */
#define SHOWN_MAX 20 /* violations that are printed whole */

struct entry {
	uint32_t sent_ms, delivered_ms, bounced_ms;
	uint32_t seq; /* in its pair, from 1 */
	uint8_t pair, kind, delivered, bounced;
	char condition[20];
};

struct excuse {
	uint32_t seq; /* what was sent before */
	uint32_t ms;
	enum excuse_reason reason;
};

struct pair {
	uint32_t sent, heard, delivered;
	uint32_t *numbers; /* by seq, less the base */
	uint32_t room;
	struct excuse *excuses;
	uint32_t excuse_count, excuse_room;
};

static struct history {
	uint64_t base; /* the number of the first */
	uint32_t size, count;
	struct entry *entries;
	struct pair pairs[DOMAINS_MAX * DOMAINS_MAX];
	struct history_counts counts;
	uint64_t last_ms;
	uint32_t shown;
} history;

static struct pair *pair_of(int from, int to)
{
	return &history.pairs[from * DOMAINS_MAX + to];
}

void history_begin(uint32_t count)
{
	size_t i;

	history.base += history.count;
	history.count = 0;
	history.size = count;
	history.entries = realloc(history.entries, count * sizeof(*history.entries));
	if (!history.entries)
		die("no memory for the history");
	for (i = 0; i < DOMAINS_MAX * DOMAINS_MAX; i++) {
		struct pair *p = &history.pairs[i];
		p->sent = p->heard = p->delivered = p->excuse_count = 0;
	}
	history.last_ms = soak.now;
}

static void *grown(void *array, uint32_t *room, uint32_t need, size_t size)
{
	if (need < *room)
		return array;
	*room = *room ? *room * 2 : 64;
	array = realloc(array, *room * size);
	if (!array)
		die("no memory for the history");
	return array;
}

uint64_t history_sent(int from, int to, enum kind kind)
{
	struct pair *p = pair_of(from, to);
	struct entry *e = &history.entries[history.count];

	p->sent++;
	p->numbers = grown(p->numbers, &p->room, p->sent, sizeof(*p->numbers));
	p->numbers[p->sent] = history.count;
	memset(e, 0, sizeof(*e));
	e->sent_ms = (uint32_t)soak.now;
	e->seq = p->sent;
	e->pair = (uint8_t)(from * DOMAINS_MAX + to);
	e->kind = (uint8_t)kind;
	history.counts.sent++;
	return history.base + history.count++;
}

bool history_is_full(void)
{
	return history.count == history.size;
}

static void show(uint64_t number, const char *what)
{
	static const char *const kinds[] = { "message", "iq", "presence", "error", "result" };
	const struct entry *e = &history.entries[number - history.base];

	if (history.shown++ >= SHOWN_MAX)
		return;
	printf("\n# %s: s%llu, a %s, the %uth from %s to %s, sent at %u ms", what,
	       (unsigned long long)number, kinds[e->kind], e->seq,
	       soak.domains[e->pair / DOMAINS_MAX].name, soak.domains[e->pair % DOMAINS_MAX].name,
	       e->sent_ms);
	if (e->delivered)
		printf(", delivered %u times, first at %u ms", e->delivered, e->delivered_ms);
	if (e->bounced)
		printf(", returned %u times, first at %u ms with %s", e->bounced, e->bounced_ms,
		       e->condition);
	printf("; now %llu ms, seed %llu\n", (unsigned long long)soak.now,
	       (unsigned long long)soak.seed);
}

static struct entry *hear(uint64_t number, int domain, bool back)
{
	struct entry *e;
	struct pair *p;

	history.last_ms = soak.now;
	if (number < history.base || number >= history.base + history.count) {
		history.counts.strays++;
		printf("\n# a stray: s%llu at %s\n", (unsigned long long)number,
		       soak.domains[domain].name);
		return NULL;
	}
	e = &history.entries[number - history.base];
	if (domain != (back ? e->pair / DOMAINS_MAX : e->pair % DOMAINS_MAX)) {
		history.counts.strays++;
		show(number, "at a domain that it was not for");
		return NULL;
	}
	p = &history.pairs[e->pair];
	if (e->seq > p->heard)
		p->heard = e->seq;
	return e;
}

void history_delivered(uint64_t number, int at)
{
	struct entry *e = hear(number, at, false);
	struct pair *p;

	if (!e)
		return;
	if (!e->delivered)
		e->delivered_ms = (uint32_t)soak.now;
	e->delivered++;
	p = &history.pairs[e->pair];
	if (e->delivered > 1) {
		history.counts.doubled++;
		show(number, "delivered twice");
		return;
	}
	history.counts.delivered++;
	if (e->bounced) {
		history.counts.both++;
		show(number, "returned and delivered");
	}
	if (e->seq < p->delivered) {
		if (soak.domains[e->pair / DOMAINS_MAX].server == PROSODY) {
			history.counts.peer_inversions++;
			return;
		}
		history.counts.inversions++;
		show(number, "delivered after a later one");
		show(history.base + p->numbers[p->delivered], "the later one");
		return;
	}
	p->delivered = e->seq;
}

void history_bounced(uint64_t number, int at, const char *condition)
{
	struct entry *e = hear(number, at, true);

	if (!e)
		return;
	if (!e->bounced) {
		e->bounced_ms = (uint32_t)soak.now;
		snprintf(e->condition, sizeof(e->condition), "%.19s", condition);
	}
	if (++e->bounced > 1) {
		history.counts.bounced_twice++;
		show(number, "returned twice");
		return;
	}
	history.counts.bounced++;
	if (e->kind == KIND_ERROR || e->kind == KIND_RESULT) {
		history.counts.strays++;
		show(number, "an error or result that was returned");
	}
	if (e->delivered) {
		history.counts.both++;
		show(number, "delivered and returned");
	}
}

uint32_t history_outstanding(int from, int to)
{
	const struct pair *p = pair_of(from, to);

	return p->sent - p->heard;
}

uint64_t history_quiet_ms(void)
{
	return soak.now - history.last_ms;
}

uint64_t history_open(void)
{
	uint64_t open = 0;
	uint32_t i;

	for (i = 0; i < history.count; i++)
		open += !history.entries[i].delivered && !history.entries[i].bounced;
	return open;
}

void history_excuse(int from, int to, enum excuse_reason reason)
{
	struct pair *p = pair_of(from, to);

	p->excuses = grown(p->excuses, &p->excuse_room, p->excuse_count + 1, sizeof(*p->excuses));
	p->excuses[p->excuse_count++] = (struct excuse){ p->sent, (uint32_t)soak.now, reason };
}

/* A run is of stanzas of which nothing was heard, with nothing delivered among them. Each excuse is good for one, and for what
 * was sent before it: they are used up in order. */
static void judge_pair(const struct pair *p)
{
	uint32_t seq, used = 0, run = 0;
	bool excused = false;

	for (seq = 1; seq <= p->sent; seq++) {
		uint64_t number = history.base + p->numbers[seq];
		const struct entry *e = &history.entries[p->numbers[seq]];
		if (e->delivered)
			run = 0;
		if (e->delivered || e->bounced)
			continue;
		/* whoever drops these by rule tells nobody */
		if (e->kind == KIND_ERROR || e->kind == KIND_RESULT) {
			history.counts.dropped++;
			continue;
		}
		if (!run++ || (excused && p->excuses[used - 1].seq < seq)) {
			while (used < p->excuse_count && p->excuses[used].seq < seq)
				used++;
			excused = used < p->excuse_count &&
				  p->excuses[used].ms - e->sent_ms < EXCUSE_MS;
			used += excused;
		}
		if (excused) {
			history.counts.excused[p->excuses[used - 1].reason]++;
			continue;
		}
		history.counts.lost++;
		show(number, "lost");
	}
}

void history_judge(void)
{
	size_t i;

	for (i = 0; i < DOMAINS_MAX * DOMAINS_MAX; i++)
		judge_pair(&history.pairs[i]);
}

const struct history_counts *history_counts(void)
{
	return &history.counts;
}

bool history_is_good(void)
{
	const struct history_counts *c = &history.counts;

	return !c->lost && !c->both && !c->doubled && !c->bounced_twice && !c->inversions &&
	       !c->strays;
}
