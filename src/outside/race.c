#include "outside/race.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DETAIL_SIZE 100

struct runner {
	struct race *race;
	struct net_address address;
	struct connection *connection; /* NULL before it starts and after it failed */
	struct loop_timer *timer;
};

struct race {
	struct loop *loop;
	const struct race_events *events;
	void *context;
	struct loop_timer *delay; /* until the next one starts */
	struct loop_task task;	  /* what happens outside of any call */
	uint64_t each_ms;
	size_t count, started, running;
	struct runner runners[RACE_MAX];
};

static void free_race(struct race *r)
{
	size_t i;

	for (i = 0; i < r->count; i++) {
		if (r->runners[i].connection)
			connection_abort(r->runners[i].connection);
		loop_timer_free(r->runners[i].timer);
	}
	loop_task_cancel(r->loop, &r->task);
	loop_timer_free(r->delay);
	free(r);
}

/* The next one starts at once, or the race is over; not from inside the connection that failed. */
static void fail_runner(struct runner *n, enum fail fail, const char *detail)
{
	struct race *r = n->race;
	size_t which = (size_t)(n - r->runners);

	if (n->connection) {
		connection_abort(n->connection);
		n->connection = NULL;
		loop_timer_stop(n->timer);
		r->running--;
	}
	loop_task_queue(r->loop, &r->task);
	r->events->failed(r->context, which, fail, detail);
}

static void on_connected(void *context)
{
	struct runner *n = context;
	struct race *r = n->race;
	struct connection *c = n->connection;
	const struct race_events *events = r->events;
	void *owner = r->context;
	size_t which = (size_t)(n - r->runners);

	n->connection = NULL;
	free_race(r);
	events->won(owner, which, c);
}

static void on_ended(void *context, enum connection_end end, const char *reason)
{
	char detail[DETAIL_SIZE] = "";

	(void)end;
	strncat(detail, reason, sizeof(detail) - 1); /* it goes with the connection */
	fail_runner(context, FAIL_CONNECT_REFUSED, detail);
}

/* Neither data nor TLS comes before its new owner has it. */
static const struct connection_events connection_events = {
	.connected = on_connected,
	.ended = on_ended,
};

static void on_late(void *context)
{
	fail_runner(context, FAIL_CONNECT_TIMEOUT, "no answer");
}

static void start(struct runner *n)
{
	struct race *r = n->race;
	bool full;

	r->started++;
	n->connection = connection_dial(r->loop, &n->address, &connection_events, n);
	if (n->connection) {
		r->running++;
		loop_timer_set(n->timer, r->each_ms);
		return;
	}
	full = errno == EMFILE || errno == ENFILE || errno == ENOBUFS;
	fail_runner(n, full ? FAIL_NO_DESCRIPTORS : FAIL_CONNECT_REFUSED, strerror(errno));
}

/* One more, if there is one; else the end, if all have failed. */
static void go_on(void *context)
{
	struct race *r = context;

	if (r->started < r->count) {
		loop_timer_set(r->delay, RACE_DELAY_MS);
		start(&r->runners[r->started]);
	} else if (!r->running) {
		const struct race_events *events = r->events;
		void *owner = r->context;
		free_race(r);
		events->lost(owner);
	}
}

struct race *race_new(struct loop *l, const struct net_address *addresses, size_t count,
		      uint64_t each_ms, const struct race_events *events, void *context)
{
	struct race *r = calloc(1, sizeof(*r));
	bool good;
	size_t i;

	if (!r)
		return NULL;
	r->loop = l;
	r->events = events;
	r->context = context;
	r->each_ms = each_ms;
	loop_task_init(&r->task, go_on, r);
	r->delay = loop_timer_new(l, go_on, r);
	r->count = count < RACE_MAX ? count : RACE_MAX;
	good = r->delay != NULL;
	for (i = 0; i < r->count; i++) {
		struct runner *n = &r->runners[i];
		n->race = r;
		n->address = addresses[i];
		n->timer = loop_timer_new(l, on_late, n);
		good = good && n->timer;
	}
	if (!good) {
		free_race(r);
		return NULL;
	}
	loop_task_queue(l, &r->task);
	return r;
}

void race_cancel(struct race *r)
{
	free_race(r);
}
