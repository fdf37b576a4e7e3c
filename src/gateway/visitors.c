/* Streams that come in: each counts as a stranger's until it opens. */
#include <stdlib.h>

#include "base/mem.h"
#include "gateway_int.h"
#include "outside/stream.h"

struct visitor {
	struct worker *worker;
	struct net_address from;
	bool known;
};

static void on_visitor_opened(void *context)
{
	struct visitor *v = context;

	v->known = true;
	limits_known(v->worker->gateway->limits, &v->from);
}

static void on_visitor_ended(void *context, enum fail fail, const char *detail)
{
	struct visitor *v = context;

	(void)fail;
	(void)detail;
	limits_gone(v->worker->gateway->limits, &v->from, v->known);
	free(v);
}

static const struct stream_events visitor_events = {
	.opened = on_visitor_opened,
	.ended = on_visitor_ended,
};

static void log_refusal(struct worker *w, const struct net_address *from)
{
	char text[NET_ADDRESS_TEXT];
	struct log_line l;

	if (!worker_logs(w, LOG_LEVEL_DEBUG))
		return;
	log_begin(&l, LOG_LEVEL_DEBUG, "refused");
	log_str(&l, "addr", net_address_str(from, text));
	log_str(&l, "fail", fail_str(FAIL_CONNECTION_LIMIT));
	gateway_log(w->gateway, &l);
}

static void come_in(struct worker *w, int fd, const struct net_address *from, bool direct_tls)
{
	struct visitor *v;

	if (!limits_come_in(w->gateway->limits, from)) {
		w->counters.refused++;
		log_refusal(w, from);
		listener_refuse(fd);
		return;
	}
	w->counters.accepted++;
	v = mem_new(sizeof(*v));
	v->worker = w;
	v->from = *from;
	if (stream_accepted(&w->outside, fd, from, direct_tls, &visitor_events, v))
		return;
	limits_gone(w->gateway->limits, from, false);
	free(v);
}

static void on_accepted(void *context, int fd, const struct net_address *from)
{
	come_in(context, fd, from, false);
}

static void on_accepted_direct(void *context, int fd, const struct net_address *from)
{
	come_in(context, fd, from, true);
}

static void on_paused(void *context, bool paused)
{
	struct worker *w = context;
	enum log_level level = paused ? LOG_LEVEL_ERROR : LOG_LEVEL_NOTICE;
	struct log_line l;

	if (!worker_logs(w, level))
		return;
	log_begin(&l, level, paused ? "accept-paused" : "accept-resumed");
	log_str(&l, "fail", fail_str(FAIL_NO_DESCRIPTORS));
	log_int(&l, "worker", w->number);
	gateway_log(w->gateway, &l);
}

const struct listener_events visitors_events = {
	.accepted = on_accepted,
	.paused = on_paused,
};

const struct listener_events visitors_direct_events = {
	.accepted = on_accepted_direct,
	.paused = on_paused,
};
