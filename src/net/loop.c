#include "net/loop.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "loop_int.h"

/* How often tasks that tasks have asked for are run before input has its turn again. */
#define ROUNDS_MAX 8

struct loop {
	struct event_base *base;
	struct loop_task *tasks; /* in the order asked for */
	struct loop_task **tail;
	uint64_t now;
	bool awake; /* NOW was read in this turn */
	bool stopped;
	void *connections;
	void (*free_connections)(void *connections);
};

/* ---- the event library's complaints ---- */

static void complain(int severity, const char *text)
{
	struct log_line line;

	if (severity == EVENT_LOG_DEBUG)
		return;
	log_begin(&line, severity == EVENT_LOG_ERR ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
		  "event-library");
	log_str(&line, "text", text);
	log_write(&line, STDERR_FILENO);
}

static void give_up(int error)
{
	(void)error; /* it was logged */
	abort();
}

/* ---- the loop ---- */

static void wake(struct loop *l)
{
	if (l->awake)
		return;
	l->awake = true;
	l->now = clock_monotonic_ms();
}

struct loop *loop_new(void)
{
	struct event_config *config = event_config_new();
	struct loop *l = calloc(1, sizeof(*l));

	event_set_log_callback(complain);
	event_set_fatal_callback(give_up);
	if (!l || !config)
		goto out;
	l->tail = &l->tasks;
	l->now = clock_monotonic_ms();
	/* one thread uses it, and what it hears from others comes through a descriptor */
	if (!event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK))
		l->base = event_base_new_with_config(config);
out:
	if (config)
		event_config_free(config);
	if (l && !l->base) {
		free(l);
		l = NULL;
	}
	return l;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	if (l->free_connections)
		l->free_connections(l->connections);
	event_base_free(l->base);
	free(l);
}

/* What is queued at the beginning, then what that has queued, and so on, but not for ever. */
static void run_tasks(struct loop *l)
{
	struct loop_task *batch;
	int round;

	for (round = 0; l->tasks && round < ROUNDS_MAX; round++) {
		batch = l->tasks;
		batch->link = &batch;
		l->tasks = NULL;
		l->tail = &l->tasks;
		while (batch) {
			struct loop_task *t = batch;
			loop_task_cancel(l, t);
			t->fn(t->context);
		}
	}
}

void loop_run(struct loop *l)
{
	l->stopped = false;
	while (!l->stopped) {
		int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;
		if (l->tasks)
			flags |= EVLOOP_NONBLOCK;
		l->awake = false;
		if (event_base_loop(l->base, flags) < 0)
			abort(); /* the kernel no longer tells of events */
		wake(l);
		run_tasks(l);
	}
}

void loop_stop(struct loop *l)
{
	l->stopped = true;
}

uint64_t loop_now(const struct loop *l)
{
	return l->now;
}

struct event_base *loop_event_base(struct loop *l)
{
	return l->base;
}

void *loop_connections(const struct loop *l)
{
	return l->connections;
}

void loop_set_connections(struct loop *l, void *connections, void (*free_them)(void *connections))
{
	l->connections = connections;
	l->free_connections = free_them;
}

/* ---- tasks ---- */

void loop_task_init(struct loop_task *t, loop_fn fn, void *context)
{
	*t = (struct loop_task){ .fn = fn, .context = context };
}

void loop_task_queue(struct loop *l, struct loop_task *t)
{
	if (t->link)
		return;
	t->next = NULL;
	t->link = l->tail;
	*l->tail = t;
	l->tail = &t->next;
}

void loop_task_cancel(struct loop *l, struct loop_task *t)
{
	if (!t->link)
		return;
	*t->link = t->next;
	if (t->next)
		t->next->link = t->link;
	if (l->tail == &t->next) /* not so for the last one of a batch that is being run */
		l->tail = t->link;
	t->link = NULL;
}

/* ---- timers ---- */

struct loop_timer {
	struct event event;
	struct loop *loop;
	loop_fn fn;
	void *context;
};

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct loop_timer *t = context;

	(void)fd;
	(void)what;
	wake(t->loop);
	t->fn(t->context);
}

struct loop_timer *loop_timer_new(struct loop *l, loop_fn fn, void *context)
{
	struct loop_timer *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->loop = l;
	t->fn = fn;
	t->context = context;
	evtimer_assign(&t->event, l->base, on_timer, t);
	return t;
}

void loop_timer_set(struct loop_timer *t, uint64_t ms)
{
	struct timeval after = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000) };

	if (evtimer_add(&t->event, &after) < 0)
		abort();
}

void loop_timer_stop(struct loop_timer *t)
{
	evtimer_del(&t->event);
}

bool loop_timer_is_set(const struct loop_timer *t)
{
	return evtimer_pending(&t->event, NULL);
}

void loop_timer_free(struct loop_timer *t)
{
	if (!t)
		return;
	evtimer_del(&t->event);
	free(t);
}

/* ---- descriptors ---- */

struct loop_watch {
	struct event event;
	struct loop *loop;
	loop_watch_fn fn;
	void *context;
	int fd;
	unsigned what;
};

static void on_watch(evutil_socket_t fd, short what, void *context)
{
	struct loop_watch *w = context;

	(void)fd;
	wake(w->loop);
	w->fn(w->context, (what & EV_READ ? LOOP_READ : 0U) | (what & EV_WRITE ? LOOP_WRITE : 0U));
}

struct loop_watch *loop_watch_new(struct loop *l, int fd, loop_watch_fn fn, void *context)
{
	struct loop_watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->loop = l;
	w->fd = fd;
	w->fn = fn;
	w->context = context;
	return w;
}

void loop_watch_set(struct loop_watch *w, unsigned what)
{
	short events = EV_PERSIST;

	if (w->what == what)
		return;
	if (w->what)
		event_del(&w->event);
	w->what = what;
	if (!what)
		return;
	if (what & LOOP_READ)
		events |= EV_READ;
	if (what & LOOP_WRITE)
		events |= EV_WRITE;
	if (event_assign(&w->event, w->loop->base, w->fd, events, on_watch, w) < 0 ||
	    event_add(&w->event, NULL) < 0)
		abort();
}

void loop_watch_free(struct loop_watch *w)
{
	if (!w)
		return;
	loop_watch_set(w, 0);
	free(w);
}

/* ---- signals ---- */

struct loop_signal {
	struct event event;
	struct loop *loop;
	loop_fn fn;
	void *context;
};

static void on_signal(evutil_socket_t number, short what, void *context)
{
	struct loop_signal *s = context;

	(void)number;
	(void)what;
	wake(s->loop);
	s->fn(s->context);
}

struct loop_signal *loop_signal_new(struct loop *l, int number, loop_fn fn, void *context)
{
	struct loop_signal *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->loop = l;
	s->fn = fn;
	s->context = context;
	evsignal_assign(&s->event, l->base, number, on_signal, s);
	if (!evsignal_add(&s->event, NULL))
		return s;
	free(s);
	return NULL;
}

void loop_signal_free(struct loop_signal *s)
{
	if (!s)
		return;
	evsignal_del(&s->event);
	free(s);
}
