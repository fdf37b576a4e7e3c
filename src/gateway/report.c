/* What the gateway is doing: each worker says its part, the main thread puts it together. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "gateway_int.h"
#include "outside/stream.h"

/* Of one request, by the main thread. */
struct collection {
	gateway_report_fn fn;
	void *context;
	struct gateway_report report;
	unsigned missing; /* workers that have not answered */
	struct collection *next;
};

static void free_parts(struct gateway_report *r)
{
	free(r->streams);
	free(r->routes);
	free(r->links);
}

void report_free(struct gateway_report *r)
{
	if (!r)
		return;
	free_parts(r);
	free(r);
}

static void describe_stream(struct worker *w, const struct stream *s, struct gateway_stream *out)
{
	struct stream_info info;

	stream_info(s, &info);
	out->id = info.id;
	out->worker = w->number;
	out->role = info.role;
	out->state = info.state;
	out->verify_only = info.verify_only;
	out->direct_tls = info.direct_tls;
	strcpy(out->local, info.local);
	strcpy(out->remote, info.remote);
	net_address_str(info.peer, out->address);
	out->row = info.row ? (unsigned)info.row->number : 0;
	out->method = info.method;
	snprintf(out->tls_version, sizeof(out->tls_version), "%s", info.tls_version);
	snprintf(out->cipher, sizeof(out->cipher), "%s", info.cipher);
	out->age_ms = info.age_ms;
	out->negotiation_ms = info.negotiation_ms;
	out->stanzas = info.stanzas;
	out->waiting = info.waiting;
}

static void collect_streams(struct worker *w, struct gateway_report *r)
{
	const struct stream *s;

	r->streams = mem_new((w->outside.stream_count + 1) * sizeof(*r->streams));
	for (s = w->outside.streams; s; s = stream_next(s))
		describe_stream(w, s, &r->streams[r->stream_count++]);
}

static void collect_route(void *context, const struct route_info *info)
{
	struct gateway_report *r = context;
	struct gateway_route *out;

	if (!(r->route_count &
	      (r->route_count + 1))) /* doubled whenever it is full: 0, 1, 3, 7 ... */
		r->routes = mem_grow(r->routes, 2 * (r->route_count + 1) * sizeof(*r->routes));
	out = &r->routes[r->route_count++];
	memset(out, 0, sizeof(*out));
	strcpy(out->local, info->local);
	strcpy(out->remote, info->remote);
	out->queued = info->queued;
	out->queued_bytes = info->queued_bytes;
	out->stream = info->stream;
	out->dialling = info->dialling;
	out->retry_ms = info->retry_ms;
	out->fail = info->fail;
}

static void describe_link(const struct link *l, struct gateway_link *out)
{
	const struct config_inside *inside = l->config->inside;

	strcpy(out->domain, l->config->base.name);
	snprintf(out->inside, sizeof(out->inside), "%s", inside ? inside->base.name : "");
	out->attached = l->component != NULL;
	out->stanzas_in = l->stanzas_in;
	out->stanzas_out = l->stanzas_out;
	out->waiting = l->component ? component_waiting(l->component) : 0;
	out->held = l->held;
}

static void collect_links(struct worker *w, struct gateway_report *r)
{
	size_t i;

	r->links = mem_new((w->seat_count + 1) * sizeof(*r->links));
	for (i = 0; i < w->seat_count; i++)
		if (w->links[i] && w->links[i]->config)
			describe_link(w->links[i], &r->links[r->link_count++]);
}

void report_collect(struct worker *w, struct message *m)
{
	struct gateway_report *r = mem_new(sizeof(*r));

	collect_streams(w, r);
	routes_each(w->routes, collect_route, r);
	collect_links(w, r);
	r->counters = w->counters;
	m->report = r;
	mailbox_post(w->gateway->mailbox, &m->mail);
}

static void *join(void *all, size_t count, void *more, size_t more_count, size_t size)
{
	char *joined = mem_grow(all, (count + more_count + 1) * size);

	if (more_count)
		memcpy(joined + count * size, more, more_count * size);
	return joined;
}

static void add_counters(struct gateway_counters *all, const struct gateway_counters *c)
{
	all->accepted += c->accepted;
	all->refused += c->refused;
	all->opened += c->opened;
	all->failed += c->failed;
	all->sasl_refused += c->sasl_refused;
	all->sasl_refused_usage += c->sasl_refused_usage;
	all->in += c->in;
	all->out += c->out;
	all->delivered_in += c->delivered_in;
	all->delivered_out += c->delivered_out;
	all->answered += c->answered;
	all->bounced += c->bounced;
	all->dropped += c->dropped;
}

static void add_report(struct gateway_report *all, struct gateway_report *r)
{
	all->streams = join(all->streams, all->stream_count, r->streams, r->stream_count,
			    sizeof(*r->streams));
	all->stream_count += r->stream_count;
	all->routes =
		join(all->routes, all->route_count, r->routes, r->route_count, sizeof(*r->routes));
	all->route_count += r->route_count;
	all->links = join(all->links, all->link_count, r->links, r->link_count, sizeof(*r->links));
	all->link_count += r->link_count;
	add_counters(&all->counters, &r->counters);
}

void report_collected(struct gateway *g, struct message *m)
{
	struct collection *c = m->collection, **at = &g->collections;

	if (g->over)
		return;
	add_report(&c->report, m->report);
	if (--c->missing)
		return;
	c->report.uptime_ms = loop_now(g->main_loop) - g->started_at;
	c->fn(c->context, &c->report);
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	free_parts(&c->report);
	free(c);
}

void reports_free(struct gateway *g)
{
	while (g->collections) {
		struct collection *c = g->collections;
		g->collections = c->next;
		free_parts(&c->report);
		free(c);
	}
}

void gateway_report(struct gateway *g, gateway_report_fn fn, void *context)
{
	struct collection *c = mem_new(sizeof(*c));
	unsigned i;

	c->fn = fn;
	c->context = context;
	c->missing = g->worker_count;
	c->next = g->collections;
	g->collections = c;
	for (i = 0; i < g->worker_count; i++) {
		struct message *m = message_new(MESSAGE_REPORT);
		m->collection = c;
		worker_post(&g->workers[i], m);
	}
}
