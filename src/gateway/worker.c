#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "gateway_int.h"
#include "outside/stream.h"

#define DRAIN_MS 8000 /* at the end: for all of it, as long as components send */
#define LINKS_LEAST_MS 500
#define WATCH_MS 20	   /* while it ends: how often to look whether all is gone */
#define HURRY_CLOSE_MS 500 /* for the other ends to close */

struct message *message_new(enum message_type type)
{
	struct message *m = mem_new(sizeof(*m));

	m->type = type;
	return m;
}

void message_free(struct message *m)
{
	stanza_put(m->stanza);
	free(m->question);
	free(m->lesson);
	free(m->attempt);
	free(m->facts);
	report_free(m->report);
	snapshot_put(m->snapshot);
	free(m);
}

void worker_post(struct worker *w, struct message *m)
{
	mailbox_post(w->mailbox, &m->mail);
}

static uint32_t hash(const char *text)
{
	uint32_t h = 2166136261u; /* FNV-1a; spreads domains over workers, nothing more */

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return h;
}

struct worker *worker_of_remote(struct gateway *g, const char *remote)
{
	return &g->workers[hash(remote) % g->worker_count];
}

struct worker *worker_of_inside(struct gateway *g, size_t inside)
{
	return &g->workers[inside % g->worker_count];
}

const struct config *worker_config(const struct worker *w)
{
	return w->outside.snapshot->config;
}

long worker_seat(const struct worker *w, const char *domain)
{
	const struct snapshot *s = w->outside.snapshot;
	const struct local_domain *local = policy_local(s->policy, domain);

	return local ? (long)s->numbers[local - s->policy->locals] : -1;
}

static size_t weight(const struct stanza *stanza)
{
	size_t len;

	stanza_bytes(stanza, &len);
	return len + PACE_STANZA;
}

/* Takes it off; true where that made it little. */
static bool lighten(atomic_size_t *way, size_t len)
{
	size_t before = atomic_fetch_sub(way, len);

	return before > PACE_LOW && before - len <= PACE_LOW;
}

void worker_send_out(struct gateway *g, size_t domain, const char *remote, struct stanza *stanza)
{
	struct message *m = message_new(MESSAGE_OUT);

	m->stanza = stanza_get(stanza);
	m->domain = domain;
	strcpy(m->remote, remote);
	atomic_fetch_add(&g->seats[domain]->pace.leaving, weight(stanza));
	worker_post(worker_of_remote(g, remote), m);
}

bool worker_send_in(struct gateway *g, size_t domain, struct stanza *stanza)
{
	struct message *m = message_new(MESSAGE_IN);
	struct pace *pace = &g->seats[domain]->pace;
	size_t len = weight(stanza), coming;

	m->stanza = stanza_get(stanza);
	m->domain = domain;
	coming = atomic_fetch_add(&pace->coming, len) + len;
	worker_post(g->seats[domain]->home, m);
	return coming <= PACE_HIGH && !atomic_load(&pace->full);
}

static void post_pace(struct gateway *g, size_t domain)
{
	struct message *m = message_new(MESSAGE_PACE);

	m->domain = domain;
	worker_post(g->seats[domain]->home, m);
}

/* what the outside asks of its worker */

static void on_deliver(void *context, struct stream *s, const char *local, const char *remote,
		       struct stanza *stanza)
{
	struct worker *w = context;
	long domain = worker_seat(w, local);

	(void)remote;
	w->counters.in++;
	if (domain < 0) { /* the pair was authorised, so this cannot be */
		w->counters.dropped++;
		return;
	}
	if (!worker_send_in(w->gateway, (size_t)domain, stanza))
		stream_pause(s, (size_t)domain);
}

static void on_slow(void *context, const char *local, bool slow)
{
	struct worker *w = context;
	long domain = worker_seat(w, local);

	if (domain < 0)
		return;
	atomic_fetch_add(&w->gateway->seats[domain]->pace.slow, slow ? 1 : -1);
	post_pace(w->gateway, (size_t)domain);
}

/* Back to where it came from, by the domain of its sender; what is final is dropped. */
static void on_undelivered(void *context, struct stanza *stanza, enum fail fail)
{
	struct worker *w = context;
	const struct fail_info *info = fail_info(fail);
	const char *from = stanza_from(stanza);
	char local[JID_DOMAIN_SIZE];
	struct stanza *bounce = NULL;
	long domain = -1;
	bool bare;

	if (from && !jid_domain_of(from, strlen(from), local, &bare))
		domain = worker_seat(w, local);
	if (domain >= 0 && *info->bounce_type)
		bounce = stanza_bounce(stanza, info->bounce_type, info->bounce_condition,
				       info->text);
	if (!bounce) {
		w->counters.dropped++;
		return;
	}
	w->counters.bounced++;
	(void)worker_send_in(w->gateway, (size_t)domain, bounce);
	stanza_put(bounce);
}

static void on_left(void *context, unsigned count)
{
	struct worker *w = context;

	w->counters.delivered_out += count;
}

static void post_question(struct worker *to, enum message_type type, const struct question *q,
			  enum dialback_outcome outcome)
{
	struct message *m = message_new(type);

	m->question = mem_new(sizeof(*q));
	*m->question = *q;
	m->outcome = outcome;
	worker_post(to, m);
}

static void on_ask(void *context, const struct question *q)
{
	struct worker *w = context;

	post_question(worker_of_remote(w->gateway, q->remote), MESSAGE_ASK, q, DIALBACK_VALID);
}

static void on_answer(void *context, const struct question *q, enum dialback_outcome outcome)
{
	struct worker *w = context;

	post_question(&w->gateway->workers[OUTSIDE_WORKER_OF(q->stream)], MESSAGE_ANSWER, q,
		      outcome);
}

static void on_attempt(void *context, const struct attempt *a)
{
	struct worker *w = context;

	if (a->fail)
		w->counters.failed++;
	else
		w->counters.opened++;
	w->counters.sasl_refused += a->external_refused;
	w->counters.sasl_refused_usage += a->lacks_client_usage;
	history_add(w->gateway->history, a);
	remember_attempt(w, a);
}

static void on_learnt(void *context, const struct lesson *lesson)
{
	remember_lesson(context, lesson);
}

static bool on_take(void *context, const struct partner *p, const char *remote, bool dialled)
{
	struct worker *w = context;

	return limits_take(w->gateway->limits, p, remote, dialled);
}

static void on_give(void *context, const struct partner *p, const char *remote, bool dialled)
{
	struct worker *w = context;

	limits_give(w->gateway->limits, p, remote, dialled);
}

static bool on_is_own(void *context, const struct net_address *a)
{
	const struct worker *w = context;
	const struct gateway *g = w->gateway;
	size_t i;

	for (i = 0; i < g->own_count; i++)
		if (g->own[i].port == a->port && net_address_equal_ip(&g->own[i], a))
			return true;
	return false;
}

bool worker_logs(const struct worker *w, enum log_level level)
{
	return (int)level <= atomic_load_explicit(&w->gateway->log_level, memory_order_relaxed);
}

static bool on_logs(void *context, enum log_level level)
{
	return worker_logs(context, level);
}

static void log_limited(struct worker *w, const struct net_address *peer)
{
	char text[NET_ADDRESS_TEXT];
	struct log_line l;

	log_begin(&l, LOG_LEVEL_WARNING, "log-limited");
	log_str(&l, "addr", net_address_str(peer, text));
	log_int(&l, "lines", LOG_QUOTA_LINES);
	log_int(&l, "ms", LOG_QUOTA_MS);
	gateway_log(w->gateway, &l);
}

static bool on_logs_stranger(void *context, const struct net_address *peer)
{
	struct worker *w = context;
	enum log_quota_verdict verdict = log_quota_take(w->log_quota, peer, loop_now(w->loop));

	if (verdict == LOG_QUOTA_LAST)
		log_limited(w, peer);
	return verdict != LOG_QUOTA_MAY_NOT;
}

static void on_log(void *context, const struct log_line *line)
{
	struct worker *w = context;

	gateway_log(w->gateway, line);
}

static const struct outside_hooks hooks = {
	.deliver = on_deliver,
	.undelivered = on_undelivered,
	.left = on_left,
	.slow = on_slow,
	.ask = on_ask,
	.answer = on_answer,
	.attempt = on_attempt,
	.learnt = on_learnt,
	.take = on_take,
	.give = on_give,
	.is_own = on_is_own,
	.logs = on_logs,
	.logs_stranger = on_logs_stranger,
	.log = on_log,
};

/* the end */

static void close_listeners(struct worker *w)
{
	while (w->listener_count)
		listener_free(w->listeners[--w->listener_count]);
}

static void tell_main(struct worker *w, enum message_type type)
{
	mailbox_post(w->gateway->mailbox, &message_new(type)->mail);
}

static void shut_streams(struct worker *w, bool all)
{
	struct stream *s, *next;

	for (s = w->outside.streams; s; s = next) {
		struct stream_info info;
		next = stream_next(s);
		stream_info(s, &info);
		if (all || info.role == ROLE_RECEIVING)
			stream_shut(s, FAIL_SHUTDOWN);
	}
}

/* Seen twice, because what the other end's kernel holds comes only when there is room for it. */
static bool may_shut_links(struct worker *w)
{
	w->links_quiet = links_are_quiet(w) ? w->links_quiet + 1 : 0;
	return w->links_quiet == 2 || loop_now(w->loop) >= w->links_until;
}

/* What components had sent before is read and returned, within what the whole may take. */
static void stop(struct worker *w)
{
	uint64_t least = loop_now(w->loop) + LINKS_LEAST_MS, most = w->drain_begun + DRAIN_MS;

	w->stopping = true;
	w->links_until = w->hurry_until || least > most ? least : most;
}

/* Is there anything left to wait for? */
static void on_watch(void *context)
{
	struct worker *w = context;
	/* who was told to hurry does not wait for those that do not close their end */
	bool waits = connection_closing_count(w->loop) &&
		     (!w->hurry_until || loop_now(w->loop) < w->hurry_until);
	bool quiet = !w->outside.stream_count && !waits;

	if (w->draining && !w->drained && quiet && !routes_waiting(w->routes)) {
		w->drained = true;
		tell_main(w, MESSAGE_DRAINED);
	}
	if (w->links_until && may_shut_links(w)) {
		w->links_until = 0;
		links_shut(w);
		quiet = false; /* what was just said has yet to leave, and to be read */
	}
	if (w->stopping && !w->links_until && quiet && links_are_gone(w)) {
		tell_main(w, MESSAGE_STOPPED);
		loop_stop(w->loop);
		return;
	}
	loop_timer_set(w->watch, WATCH_MS);
}

static void drain(struct worker *w)
{
	w->draining = true;
	w->drain_begun = loop_now(w->loop);
	w->outside.draining = true;
	close_listeners(w);
	links_accept_no_more(w);
	verify_drain(w->verify);
	routes_drain(w->routes);
	shut_streams(w, false);
	on_watch(w);
}

static void hurry(struct worker *w)
{
	if (!w->hurry_until)
		w->hurry_until = loop_now(w->loop) + HURRY_CLOSE_MS;
	if (w->links_until)
		w->links_until = w->hurry_until;
	routes_give_up(w->routes, FAIL_SHUTDOWN);
	shut_streams(w, true);
}

static void resume_streams(struct worker *w, size_t domain)
{
	struct stream *s;

	for (s = w->outside.streams; s; s = stream_next(s))
		stream_resume(s, domain);
}

static void send_out(struct worker *w, struct message *m)
{
	struct gateway *g = w->gateway;

	if (lighten(&g->seats[m->domain]->pace.leaving, weight(m->stanza)))
		post_pace(g, m->domain);
	routes_send(w->routes, g->seats[m->domain]->name, m->remote, m->stanza);
}

static void send_in(struct worker *w, struct message *m)
{
	bool little = lighten(&w->gateway->seats[m->domain]->pace.coming, weight(m->stanza));

	links_deliver(w, m->domain, m->stanza);
	if (little)
		links_resume(w, m->domain);
}

/* Inside first, so that what streams and routes hand back finds its way. */
static void reload(struct worker *w, struct message *m)
{
	struct snapshot *before = w->outside.snapshot;
	struct stream *s, *next;

	w->outside.snapshot = snapshot_get(m->snapshot);
	w->seat_count = m->seats;
	links_reload(w);
	for (s = w->outside.streams; s; s = next) {
		next = stream_next(s);
		stream_reload(s, w->outside.snapshot);
	}
	routes_reload(w->routes);
	snapshot_put(before);
	tell_main(w, MESSAGE_RELOAD);
}

static void on_message(void *context, struct mail *mail)
{
	struct worker *w = context;
	struct message *m = (struct message *)mail;
	struct stream *s;

	if (w->over) {
		message_free(m);
		return;
	}
	switch (m->type) {
	case MESSAGE_OUT:
		send_out(w, m);
		break;
	case MESSAGE_IN:
		send_in(w, m);
		break;
	case MESSAGE_PACE:
		links_pace(w, m->domain);
		break;
	case MESSAGE_ASK:
		verify_ask(w->verify, m->question);
		break;
	case MESSAGE_ANSWER:
		s = stream_find(&w->outside, m->question->stream);
		if (s)
			stream_checked(s, m->question->ticket, m->outcome);
		break;
	case MESSAGE_RESUME:
		resume_streams(w, m->domain);
		break;
	case MESSAGE_RELOAD:
		reload(w, m);
		break;
	case MESSAGE_MEMORY:
		remember_change(w, m);
		break;
	case MESSAGE_REPORT:
		report_collect(w, m);
		return; /* on its way back */
	case MESSAGE_DRAIN:
		drain(w);
		break;
	case MESSAGE_HURRY:
		hurry(w);
		break;
	case MESSAGE_STOP:
		stop(w);
		break;
	case MESSAGE_LEARNT:
	case MESSAGE_ATTEMPT:
	case MESSAGE_DRAINED:
	case MESSAGE_STOPPED:
		break; /* the main thread's */
	}
	message_free(m);
}

static int watch_sockets(struct worker *w, const int *fds, size_t count,
			 const struct listener_events *events)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct listener *l = listener_new(w->loop, fds[i], events, w);
		if (!l)
			return -FAIL_NO_MEMORY;
		w->listeners[w->listener_count++] = l;
	}
	return 0;
}

static int open_listeners(struct worker *w)
{
	const struct gateway *g = w->gateway;
	int rc;

	w->listeners = mem_new((g->listen_count + g->direct_count + 1) * sizeof(*w->listeners));
	rc = watch_sockets(w, g->listen_fds, g->listen_count, &visitors_events);
	return rc ? rc : watch_sockets(w, g->direct_fds, g->direct_count, &visitors_direct_events);
}

int worker_init(struct worker *w, struct gateway *g, unsigned number,
		char error[GATEWAY_ERROR_SIZE])
{
	int rc;

	w->gateway = g;
	w->number = number;
	snprintf(error, GATEWAY_ERROR_SIZE, "worker %u: memory or descriptors ran out", number);
	w->loop = loop_new();
	if (!w->loop)
		return -FAIL_NO_MEMORY;
	w->mailbox = mailbox_new(w->loop, on_message, w);
	w->watch = loop_timer_new(w->loop, on_watch, w);
	w->outside = (struct outside){
		.loop = w->loop,
		.snapshot = snapshot_get(g->snapshot),
		.hooks = &hooks,
		.context = w,
		.worker = number,
		.memory = memory_new(),
	};
	w->log_quota = log_quota_new();
	w->routes = routes_new(&w->outside);
	w->verify = verify_new(&w->outside);
	if (!w->mailbox || !w->watch || !w->routes || !w->verify)
		return -FAIL_NO_MEMORY;
	rc = worker_open_resolver(w, error);
	if (!rc)
		rc = open_listeners(w);
	return rc ? rc : links_init(w);
}

static void *run(void *context)
{
	struct worker *w = context;

	loop_run(w->loop);
	return NULL;
}

int worker_start(struct worker *w)
{
	w->started = !pthread_create(&w->thread, NULL, run, w);
	return w->started ? 0 : -FAIL_INTERNAL;
}

void worker_fini(struct worker *w)
{
	if (w->started)
		pthread_join(w->thread, NULL);
	if (!w->loop)
		return;
	close_listeners(w);
	free(w->listeners);
	verify_free(w->verify);
	routes_free(w->routes);
	streams_free(&w->outside);
	links_fini(w);
	resolver_free(w->outside.resolver);
	memory_free(w->outside.memory);
	loop_timer_free(w->watch);
	log_quota_free(w->log_quota);
	snapshot_put(w->outside.snapshot);
	w->over = true;
}

void worker_free_loop(struct worker *w)
{
	mailbox_free(w->mailbox);
	loop_free(w->loop);
}
