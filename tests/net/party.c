#include "party.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "negotiation/wire.h"
#include "net/sasl.h"

#define DEADLINE_MS 30000
#define PENDING 4

struct party {
	struct parties *all;
	const struct party_side *side;
	enum negotiation_role role;
	struct connection *c; /* NULL once over */
	struct wire *wire;
	struct net_sasl *sasl;
	struct negotiation_event pending[PENDING];
	unsigned pending_count;
	bool busy, opened, over;
	unsigned wants;
	char id[33];
	struct party_outcome outcome;
};

struct parties {
	struct loop *loop;
	int fd;
	struct listener *listener;
	struct loop_timer *deadline;
	struct dialback_secret secret;
	bool late;
	struct party dials, accepts;
};

static void settle(struct party *p)
{
	while (p->pending_count && !p->busy && !p->over) {
		struct negotiation_event ev = p->pending[0];
		p->pending_count--;
		memmove(p->pending, p->pending + 1, p->pending_count * sizeof(ev));
		p->busy = true;
		wire_event(p->wire, &ev);
		p->busy = false;
	}
}

static void event(struct party *p, enum negotiation_event_type type)
{
	struct negotiation_event ev = { .type = type };

	if (p->over)
		return;
	p->busy = true;
	wire_event(p->wire, &ev);
	p->busy = false;
	settle(p);
}

static struct negotiation_event *later(struct party *p, enum negotiation_event_type type,
				       uint64_t ticket)
{
	struct negotiation_event *ev = &p->pending[p->pending_count++];

	assert_true(p->pending_count <= PENDING);
	*ev = (struct negotiation_event){ .type = type, .ticket = ticket };
	return ev;
}

/* ---- what the negotiation asks for ---- */

static void start_tls(struct party *p)
{
	const struct negotiation *n = wire_negotiation(p->wire);
	const struct partner *partner =
		policy_partner(p->side->policy, negotiation_remote(n), NULL, NULL);
	struct connection_tls how = {
		.accept = p->role == ROLE_RECEIVING,
		.local = p->side->domain,
		.server_name = p->role == ROLE_INITIATING ? negotiation_remote(n) : NULL,
		.wants = partner ? partner->verification : 0,
		.tls = p->side->tls,
	};

	connection_start_tls(p->c, &how);
}

static void give_certificate(struct party *p, uint64_t ticket)
{
	struct negotiation_event *ev = later(p, EVENT_CERTIFICATE, ticket);
	const char *remote = negotiation_remote(wire_negotiation(p->wire));
	struct party_outcome *out = &p->outcome;

	p->wants = policy_partner(p->side->policy, remote, NULL, NULL)->verification;
	ev->verification = p->wants;
	ev->certificate = connection_certificate(p->c, p->wants);
	ev->weak = connection_is_weak(p->c, p->wants);
	out->verdict = verdict_of(ev->certificate, ev->dane, false, remote);
	out->expires = ev->certificate ? ev->certificate->expires : 0;
	reason_of(ev->certificate, remote, out->verdict.fail, out->reason);
	snprintf(out->tls_version, sizeof(out->tls_version), "%s", connection_tls_version(p->c));
	snprintf(out->cipher, sizeof(out->cipher), "%s", connection_cipher(p->c));
	out->server_only = connection_shows_server_only(p->c);
}

static void ask_sasl(struct party *p, const struct negotiation_action *a)
{
	struct negotiation_event *ev = later(p, EVENT_SASL, a->ticket);
	enum net_sasl_result result;

	net_sasl_free(p->sasl);
	p->sasl = p->role == ROLE_RECEIVING ? net_sasl_server(a->local, a->remote)
					    : net_sasl_client(a->remote, a->local);
	assert_non_null(p->sasl);
	result = net_sasl_step(p->sasl, true, a->data, a->data_len, &ev->data, &ev->data_len);
	ev->sasl = result == NET_SASL_DONE ? SASL_DONE : SASL_FAILED;
	if (result == NET_SASL_DONE && p->role == ROLE_RECEIVING)
		ev->identity = net_sasl_identity(p->sasl);
}

static void note_end(struct party *p, enum fail fail)
{
	const struct negotiation *n = wire_negotiation(p->wire);

	p->outcome.fail = fail;
	p->outcome.method = negotiation_method(n);
	p->outcome.external_refused = negotiation_external_refused(n);
	loop_stop(p->all->loop);
}

static void on_action(void *context, const struct negotiation_action *a, const char *bytes,
		      struct stanza *stanza)
{
	struct party *p = context;

	(void)stanza;
	switch ((int)a->type) {
	case ACTION_WRITE:
		connection_write(p->c, bytes + a->offset, a->len);
		break;
	case ACTION_START_TLS:
		start_tls(p);
		break;
	case ACTION_ASK_CERTIFICATE:
		give_certificate(p, a->ticket);
		break;
	case ACTION_ASK_SASL:
		ask_sasl(p, a);
		break;
	case ACTION_ASK_DIALBACK:
		later(p, EVENT_CHECKED, a->ticket)->outcome = DIALBACK_VALID;
		break;
	case ACTION_OPENED:
		p->opened = true;
		note_end(p, FAIL_NONE);
		break;
	case ACTION_CLOSE:
		p->over = true;
		connection_close(p->c, 1000);
		p->c = NULL;
		if (!p->opened)
			note_end(p, a->fail);
		break;
	}
}

static const char *stream_id(void *context)
{
	struct party *p = context;
	unsigned char bytes[16];

	assert_int_equal(random_bytes(bytes, sizeof(bytes)), 0);
	str_hex(p->id, bytes, sizeof(bytes));
	return p->id;
}

static const struct wire_events wire_events = { .action = on_action, .stream_id = stream_id };

/* ---- the connection ---- */

static void on_connected(void *context)
{
	event(context, EVENT_CONNECTED);
}

static void on_data(void *context, const char *data, size_t len)
{
	struct party *p = context;

	p->busy = true;
	wire_feed(p->wire, data, len);
	p->busy = false;
	settle(p);
}

static void on_tls_up(void *context)
{
	event(context, EVENT_TLS_UP);
}

static void on_tls_failed(void *context, const char *reason)
{
	struct party *p = context;

	snprintf(p->outcome.reason, sizeof(p->outcome.reason), "%s", reason);
	event(p, EVENT_TLS_FAILED);
}

static void on_ended(void *context, enum connection_end end, const char *reason)
{
	(void)end;
	(void)reason;
	event(context, EVENT_LOST);
}

static const struct connection_events connection_events = {
	.connected = on_connected,
	.data = on_data,
	.tls_up = on_tls_up,
	.tls_failed = on_tls_failed,
	.ended = on_ended,
};

static void on_accepted(void *context, int fd, const struct net_address *from)
{
	struct parties *t = context;

	(void)from;
	t->accepts.c = connection_accepted(t->loop, fd, &connection_events, &t->accepts);
	assert_non_null(t->accepts.c);
	event(&t->accepts, EVENT_CONNECTED);
}

static const struct listener_events listening = { .accepted = on_accepted };

static void on_deadline(void *context)
{
	struct parties *t = context;

	t->late = true;
	loop_stop(t->loop);
}

/* ---- all of it ---- */

struct parties *parties_new(void)
{
	static const char secret[] = "sixteen bytes and more";
	struct parties *t = mem_new(sizeof(*t));
	char error[LISTENER_ERROR_SIZE + SASL_ERROR_SIZE];
	struct net_address at;

	assert_int_equal(net_sasl_init(error), 0);
	assert_int_equal(dialback_secret_init(&t->secret, secret, strlen(secret)), 0);
	t->loop = loop_new();
	assert_non_null(t->loop);
	assert_true(net_address_parse("127.0.0.1", 0, &at));
	t->fd = listener_open(&at, error);
	assert_true(t->fd >= 0);
	t->listener = listener_new(t->loop, t->fd, &listening, t);
	t->deadline = loop_timer_new(t->loop, on_deadline, t);
	assert_non_null(t->listener);
	assert_non_null(t->deadline);
	return t;
}

static void turn(struct parties *t)
{
	loop_run(t->loop);
	assert_false(t->late);
}

static void begin(struct parties *t, struct party *p, enum negotiation_role role,
		  const struct party_side *side, const char *remote, bool direct_tls)
{
	struct wire_config config = {
		.negotiation = { .policy = side->policy,
				 .secret = &t->secret,
				 .role = role,
				 .direct_tls = direct_tls },
		.max_stanza = 262144,
	};

	memset(p, 0, sizeof(*p));
	p->all = t;
	p->side = side;
	p->role = role;
	if (role == ROLE_INITIATING) {
		config.negotiation.local = side->domain;
		config.negotiation.remote = remote;
	}
	p->wire = wire_new(&config, &wire_events, p);
	assert_non_null(p->wire);
}

static void end(struct party *p)
{
	if (p->c)
		connection_abort(p->c);
	net_sasl_free(p->sasl);
	wire_free(p->wire);
}

struct party_outcome parties_meet(struct parties *t, const struct party_side *we,
				  const struct party_side *they, bool we_dial, bool direct_tls)
{
	struct party *ours = we_dial ? &t->dials : &t->accepts;
	struct net_address at;

	begin(t, &t->dials, ROLE_INITIATING, we_dial ? we : they,
	      we_dial ? they->domain : we->domain, direct_tls);
	begin(t, &t->accepts, ROLE_RECEIVING, we_dial ? they : we, NULL, direct_tls);
	loop_timer_set(t->deadline, DEADLINE_MS);
	assert_true(listener_address(t->fd, &at));
	t->dials.c = connection_dial(t->loop, &at, &connection_events, &t->dials);
	assert_non_null(t->dials.c);
	while (!ours->opened && !ours->over)
		turn(t);
	end(&t->dials);
	end(&t->accepts);
	return ours->outcome;
}

void parties_free(struct parties *t)
{
	loop_timer_free(t->deadline);
	listener_free(t->listener);
	close(t->fd);
	loop_free(t->loop);
	net_sasl_fini();
	free(t);
}
