/* The inside of a worker: entrances, components that attached, and what is done while nothing has. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "gateway_int.h"
#include "inside/responder.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

#define GRACE_MS 10000	  /* what comes waits for a link that is away */
#define STRANGERS_MAX 100 /* connections of one entrance without their handshake */
#define STALL_MS 60000	  /* a link that reads nothing for so long is ended */
/* What waits for a component that sends and does not read, as what is returned to it: then it is not read either. What comes
 * from outside stops long before. */
#define UNREAD_MAX ((size_t)4 << 20)

static const struct config_gateway *settings(const struct worker *w)
{
	return &worker_config(w)->gateway;
}

static struct pace *pace_of(const struct worker *w, size_t domain)
{
	return &w->gateway->seats[domain]->pace;
}

/* An answer of ours to what came from outside. */
static void answer(struct link *l, struct stanza *stanza)
{
	struct worker *w = l->worker;
	struct responder_info info = { .version = PACKAGE_VERSION, .domain = l->config };
	struct stanza *reply = responder_answer(stanza, &info);
	const char *to = reply ? stanza_to(reply) : NULL;
	char remote[JID_DOMAIN_SIZE];
	bool bare;

	if (!to || jid_domain_of(to, strlen(to), remote, &bare)) {
		w->counters.dropped++;
		stanza_put(reply);
		return;
	}
	if (stanza_type(reply) && !strcmp(stanza_type(reply), "error"))
		w->counters.bounced++;
	else
		w->counters.answered++;
	worker_send_out(w->gateway, l->domain, remote, reply);
	stanza_put(reply);
}

/* Whoever saw it full, or too much on its way, paused before this comes: nobody is forgotten. */
void links_resume(struct worker *w, size_t domain)
{
	struct gateway *g = w->gateway;
	unsigned i;

	if (atomic_load(&pace_of(w, domain)->full) ||
	    atomic_load(&pace_of(w, domain)->coming) > PACE_LOW)
		return;
	for (i = 0; i < g->worker_count; i++) {
		struct message *m = message_new(MESSAGE_RESUME);
		m->domain = domain;
		worker_post(&g->workers[i], m);
	}
}

static void set_full(struct link *l, bool full)
{
	if (atomic_exchange(&pace_of(l->worker, l->domain)->full, full) && !full)
		links_resume(l->worker, l->domain);
}

/* It goes on only when what is on its way has become little: no going to and fro for every stanza. */
void links_pace(struct worker *w, size_t domain)
{
	const struct pace *pace = pace_of(w, domain);
	struct link *l = w->links[domain];
	size_t leaving = atomic_load(&pace->leaving);
	bool pause = atomic_load(&pace->slow) > 0 || leaving > (l->paused ? PACE_LOW : PACE_HIGH);

	if (!l->component)
		return;
	pause |= component_waiting(l->component) > UNREAD_MAX;
	if (pause == l->paused)
		return;
	l->paused = pause;
	if (pause)
		component_pause(l->component);
	else
		component_resume(l->component);
}

static void pass(struct link *l, struct stanza *stanza)
{
	component_send(l->component, stanza);
	l->stanzas_in++;
	l->worker->counters.delivered_in++;
	if (component_is_full(l->component))
		set_full(l, true);
}

/* Puts it where AT points to; gives where its successor goes. */
static struct held **insert(struct link *l, struct held **at, struct stanza *stanza)
{
	struct held *h = mem_new(sizeof(*h));
	size_t size;

	stanza_bytes(stanza, &size);
	h->stanza = stanza_get(stanza);
	h->next = *at;
	*at = h;
	if (!h->next)
		l->last = &h->next;
	l->held++;
	l->held_bytes += size;
	return &h->next;
}

/* The other half is for what is on its way. */
static bool holds_much(const struct link *l)
{
	return l->held >= settings(l->worker)->queue_limit / 2 ||
	       l->held_bytes >= settings(l->worker)->queue_bytes / 2;
}

static void hold(struct link *l, struct stanza *stanza)
{
	size_t size;

	stanza_bytes(stanza, &size);
	if (l->held >= settings(l->worker)->queue_limit ||
	    l->held_bytes + size > settings(l->worker)->queue_bytes)
		answer(l, stanza);
	else
		insert(l, l->last, stanza);
	set_full(l, holds_much(l));
}

static void release(struct link *l, void (*fn)(struct link *l, struct stanza *stanza))
{
	while (l->first) {
		struct held *h = l->first;
		l->first = h->next;
		fn(l, h->stanza);
		stanza_put(h->stanza);
		free(h);
	}
	l->last = &l->first;
	l->held = 0;
	l->held_bytes = 0;
}

static void on_grace_over(void *context)
{
	struct link *l = context;

	l->grace_until = 0; /* whatever the clock says: nothing would release what is held now */
	release(l, answer);
	set_full(l, false);
}

void links_deliver(struct worker *w, size_t domain, struct stanza *stanza)
{
	struct link *l = w->links[domain];

	if (l->component)
		pass(l, stanza);
	else if (!l->config) /* a bounce on its way when the domain went */
		w->counters.dropped++;
	else if (l->config->inside && !w->draining && loop_now(w->loop) < l->grace_until)
		hold(l, stanza);
	else
		answer(l, stanza);
}

static void begin_grace(struct link *l)
{
	l->grace_until = loop_now(l->worker->loop) + GRACE_MS;
	loop_timer_set(l->grace, GRACE_MS);
}

/* what components do */

static void log_link(struct guest *guest, enum log_level level, const char *ev, enum fail fail,
		     const char *reason)
{
	struct worker *w = guest->entrance->worker;
	char text[NET_ADDRESS_TEXT];
	struct log_line l;

	if (level > (enum log_level)settings(w)->log_level)
		return;
	log_begin(&l, level, ev);
	log_str(&l, "inside", guest->entrance->config->base.name);
	log_str(&l, "domain", component_domain(guest->component));
	log_str(&l, "addr", net_address_str(component_peer(guest->component), text));
	if (fail) {
		log_str(&l, "fail", fail_str(fail));
		log_str(&l, "text", fail_info(fail)->text);
	}
	if (*reason)
		log_str(&l, "detail", reason);
	gateway_log(w->gateway, &l);
}

static bool on_attach(void *context, struct component *c, const char *domain)
{
	struct guest *guest = context;
	struct worker *w = guest->entrance->worker;
	long number = worker_seat(w, domain);
	struct link *l = number < 0 ? NULL : w->links[number];

	if (!l || l->component)
		return false;
	l->component = c;
	l->paused = false;
	guest->link = l;
	guest->entrance->strangers--;
	loop_timer_stop(l->grace);
	log_link(guest, LOG_LEVEL_INFO, "link-attached", FAIL_NONE, "");
	release(l, pass);
	set_full(l, component_is_full(c));
	return true;
}

static void bounce_inside(struct link *l, struct stanza *stanza, enum fail fail)
{
	const struct fail_info *info = fail_info(fail);
	struct stanza *bounce =
		stanza_bounce(stanza, info->bounce_type, info->bounce_condition, info->text);

	if (!bounce) {
		l->worker->counters.dropped++;
		return;
	}
	l->worker->counters.bounced++;
	pass(l, bounce);
	stanza_put(bounce);
}

/* A gateway is no relay: what comes from inside goes to partners alone. */
static enum fail judge(const struct worker *w, const char *remote)
{
	const struct policy *policy = w->outside.snapshot->policy;

	if (!remote)
		return FAIL_JID_MALFORMED;
	if (policy_local(policy, remote) || !policy_partner(policy, remote, NULL, NULL))
		return FAIL_PARTNER_UNKNOWN;
	return w->draining ? FAIL_SHUTDOWN : FAIL_NONE;
}

static void on_stanza(void *context, struct component *c, struct stanza *stanza, const char *remote)
{
	struct guest *guest = context;
	struct link *l = guest->link;
	enum fail fail = judge(l->worker, remote);

	(void)c;
	l->stanzas_out++;
	l->worker->counters.out++;
	if (fail)
		bounce_inside(l, stanza, fail);
	else
		worker_send_out(l->worker->gateway, l->domain, remote, stanza);
	links_pace(l->worker, l->domain);
}

static void on_drained(void *context, struct component *c)
{
	struct guest *guest = context;

	(void)c;
	set_full(guest->link, false);
	links_pace(guest->link->worker, guest->link->domain);
}

static void on_detached(void *context, struct component *c, enum fail fail, const char *reason)
{
	struct guest *guest = context;
	struct link *l = guest->link;

	(void)c;
	log_link(guest, l ? LOG_LEVEL_NOTICE : LOG_LEVEL_WARNING,
		 l ? "link-detached" : "link-refused", fail, reason);
	if (!l)
		guest->entrance->strangers--;
	if (l) {
		l->component = NULL;
		begin_grace(l);
	}
	*guest->at = guest->next;
	if (guest->next)
		guest->next->at = guest->at;
	free(guest);
}

/* It went by itself: what it did not get waits for the next one. */
static void on_gone(void *context, struct component *c, enum fail fail, const char *reason)
{
	struct guest *guest = context;
	struct link *l = guest->link;
	struct held **at = l ? &l->first : NULL;
	struct stanza *stanza;

	on_detached(context, c, fail, reason);
	if (!l)
		return;
	while ((stanza = component_take_back(c))) {
		l->stanzas_in--;
		l->worker->counters.delivered_in--;
		if (l->worker->draining)
			answer(l, stanza);
		else
			at = insert(l, at, stanza);
		stanza_put(stanza);
	}
	set_full(l, holds_much(l));
}

static const struct component_events component_events = {
	.attach = on_attach,
	.stanza = on_stanza,
	.drained = on_drained,
	.detached = on_gone,
};

static void on_accepted(void *context, int fd, const struct net_address *from)
{
	struct entrance *e = context;
	struct worker *w = e->worker;
	struct component_config config = {
		.domains = e->domains,
		.domain_count = e->domain_count,
		.secret = e->secret,
		.handshake_ms = settings(w)->stream_establishment_timeout * 1000,
		.stall_ms = STALL_MS,
		.max_stanza = settings(w)->max_stanza_size,
	};
	struct guest *guest;

	(void)from;
	if (e->strangers >= STRANGERS_MAX) {
		listener_refuse(fd);
		return;
	}
	guest = mem_new(sizeof(*guest));
	guest->entrance = e;
	guest->component = component_accept(w->loop, fd, &config, &component_events, guest);
	if (!guest->component) {
		free(guest);
		return;
	}
	e->strangers++;
	guest->next = w->guests;
	guest->at = &w->guests;
	if (guest->next)
		guest->next->at = &guest->next;
	w->guests = guest;
}

static const struct listener_events listener_events = {
	.accepted = on_accepted,
};

/* Its part of the configuration of now. */
static void set_entrance(struct worker *w, struct entrance *e, size_t inside)
{
	const struct config *c = worker_config(w);
	size_t i;

	e->worker = w;
	e->config = &c->inside[inside];
	e->secret = w->outside.snapshot->inside_secrets[inside];
	free(e->domains);
	e->domains = mem_new((c->domain_count + 1) * sizeof(*e->domains));
	e->domain_count = 0;
	for (i = 0; i < c->domain_count; i++)
		if (c->domains[i].inside == e->config)
			e->domains[e->domain_count++] = c->domains[i].base.name;
}

static int open_entrance(struct worker *w, struct entrance *e, size_t inside)
{
	set_entrance(w, e, inside);
	e->listener = listener_new(w->loop, w->gateway->inside_fds[inside], &listener_events, e);
	return e->listener ? 0 : -FAIL_NO_MEMORY;
}

static int make_link(struct worker *w, size_t domain)
{
	struct link *l = mem_new(sizeof(*l));

	w->links[domain] = l;
	l->worker = w;
	l->domain = domain;
	l->last = &l->first;
	l->grace = loop_timer_new(w->loop, on_grace_over, l);
	if (!l->grace)
		return -FAIL_NO_MEMORY;
	begin_grace(l); /* what stands inside may start after us */
	return 0;
}

static const struct config_domain *find_domain(const struct config *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->domain_count; i++)
		if (!strcmp(c->domains[i].base.name, name))
			return &c->domains[i];
	return NULL;
}

/* Makes the links that are missing of those at home here, and gives each its part of the configuration. */
static int set_links(struct worker *w)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < w->seat_count && !rc; i++) {
		if (w->gateway->seats[i]->home != w)
			continue;
		if (!w->links[i])
			rc = make_link(w, i);
		w->links[i]->config = find_domain(worker_config(w), w->gateway->seats[i]->name);
	}
	return rc;
}

int links_init(struct worker *w)
{
	const struct config *c = worker_config(w);
	size_t i;
	int rc;

	w->seat_count = w->gateway->seat_count;
	w->links = mem_new(w->gateway->seat_room * sizeof(*w->links));
	w->entrances = mem_new((c->inside_count + 1) * sizeof(*w->entrances));
	rc = set_links(w);
	for (i = 0; i < c->inside_count && !rc; i++)
		if (worker_of_inside(w->gateway, i) == w)
			rc = open_entrance(w, &w->entrances[w->entrance_count++], i);
	return rc;
}

static void drop(struct link *l, struct stanza *stanza)
{
	(void)stanza;
	l->worker->counters.dropped++;
}

static void close_guest(struct guest *guest, enum fail fail)
{
	struct component *c = guest->component;

	on_detached(guest, c, fail, "");
	component_close(c, fail);
}

/* Is it still welcome where it is attached? A stranger has borrowed what is about to change: it comes again. */
static enum fail judge_guest(const struct guest *guest)
{
	const struct link *l = guest->link;

	if (!l)
		return FAIL_POLICY_CHANGED;
	if (!l->config)
		return FAIL_HOST_GONE;
	return l->config->inside == guest->entrance->config ? FAIL_NONE : FAIL_POLICY_CHANGED;
}

void links_reload(struct worker *w)
{
	const struct config *c = worker_config(w);
	struct guest *guest, *next;
	size_t i, n = 0;

	if (set_links(w))
		return; /* without a timer: the link is there, its grace is not */
	for (i = 0; i < c->inside_count; i++)
		if (worker_of_inside(w->gateway, i) == w)
			set_entrance(w, &w->entrances[n++], i);
	for (guest = w->guests; guest; guest = next) {
		enum fail fail = judge_guest(guest);
		next = guest->next;
		if (fail)
			close_guest(guest, fail);
	}
	for (i = 0; i < w->seat_count; i++)
		if (w->links[i] && !w->links[i]->config)
			release(w->links[i], drop);
}

void links_accept_no_more(struct worker *w)
{
	size_t i;

	for (i = 0; i < w->entrance_count; i++) {
		listener_free(w->entrances[i].listener);
		w->entrances[i].listener = NULL;
	}
	for (i = 0; i < w->seat_count; i++) {
		struct link *l = w->links[i];
		if (!l)
			continue;
		release(l, answer);
		if (!l->component)
			set_full(l, false);
	}
}

bool links_are_quiet(const struct worker *w)
{
	const struct guest *guest;

	for (guest = w->guests; guest; guest = guest->next)
		if (guest->link && (guest->link->paused || component_unread(guest->component)))
			return false;
	return true;
}

void links_shut(struct worker *w)
{
	while (w->guests)
		close_guest(w->guests, FAIL_SHUTDOWN);
}

bool links_are_gone(const struct worker *w)
{
	return !w->guests;
}

static void free_link(struct link *l)
{
	if (!l)
		return;
	release(l, drop);
	loop_timer_free(l->grace);
	free(l);
}

void links_fini(struct worker *w)
{
	size_t i;

	if (!w->links)
		return;
	links_shut(w);
	for (i = 0; i < w->seat_count; i++)
		free_link(w->links[i]);
	for (i = 0; i < w->entrance_count; i++) {
		listener_free(w->entrances[i].listener);
		free(w->entrances[i].domains);
	}
	free(w->entrances);
	free(w->links);
}
