/* Memory that runs out, at every allocation of a negotiation in turn: it ends, says how, and authorises nobody. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "leak.h"
#include "make_policy.h"
#include "negotiation/wire.h"
#include "starve.h"

#define US "us.example"
#define PEER "peer.example"
#define HEADER \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:server' " \
	"xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' " \
	"from='" PEER "' to='" US "' id='p1' version='1.0'>"
#define TLS(name) "<" name " xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define SASL(name, text) "<" name " xmlns='urn:ietf:params:xml:ns:xmpp-sasl'" text "</" name ">"
#define MECHANISMS SASL("mechanisms", "><mechanism>EXTERNAL</mechanism>")
#define FEATURES(what) "<stream:features>" what "</stream:features>"
#define MESSAGE "<message from='" PEER "' to='" US "'><body>hello</body></message>"

/* What happens: bytes from the peer, or an event of the driver's. */
struct happening {
	const char *bytes; /* NULL = the event */
	enum negotiation_event_type event;
};

struct play {
	struct policy policy;
	struct dialback_secret secret;
	struct wire_config config;
	struct cert_name name;
	struct cert_facts certificate;
	const struct happening *happenings;
	uint64_t ticket;
	unsigned closes, delivered, opened;
	/* headers of ours without an id, though no error is in them; SASL without what the peer said */
	unsigned halves;
	bool made; /* the wire was */
	enum negotiation_state state;
	enum fail fail;
};

static void on_action(void *context, const struct negotiation_action *a, const char *bytes,
		      struct stanza *stanza)
{
	struct play *p = context;

	(void)stanza;
	if (a->type == ACTION_WRITE && p->config.negotiation.role == ROLE_RECEIVING &&
	    memmem(bytes + a->offset, a->len, "<stream:stream", 14) &&
	    !memmem(bytes + a->offset, a->len, " id='s1'", 8) &&
	    !memmem(bytes + a->offset, a->len, "<stream:error>", 14))
		p->halves++;
	if (a->type == ACTION_WRITE && /* blames the peer for what is nobody's fault */
	    memmem(bytes + a->offset, a->len, "<incorrect-encoding/>", 21))
		p->halves++;
	if (a->type == ACTION_ASK_SASL && p->config.negotiation.role == ROLE_RECEIVING && !a->data)
		p->halves++;
	if (p->closes) /* nothing follows the end */
		p->closes = 100;
	p->closes += a->type == ACTION_CLOSE;
	p->delivered += a->type == ACTION_DELIVER;
	p->opened += a->type == ACTION_OPENED;
	if (a->ticket)
		p->ticket = a->ticket;
}

static const char *on_stream_id(void *context)
{
	(void)context;
	return "s1";
}

static const struct wire_events events = { on_action, NULL, on_stream_id };

static void happen(struct play *p, struct wire *w, const struct happening *h)
{
	struct negotiation_event ev = { .type = h->event, .ticket = p->ticket, .identity = "" };

	ev.certificate = &p->certificate;
	ev.data = h->event == EVENT_SASL ? US : NULL;
	ev.data_len = h->event == EVENT_SASL ? strlen(US) : 0;
	if (h->bytes)
		wire_feed(w, h->bytes, strlen(h->bytes));
	else
		wire_event(w, &ev);
}

static const struct happening receiving_sasl[] = {
	{ NULL, EVENT_CONNECTED },   { HEADER TLS("starttls"), 0 },
	{ NULL, EVENT_TLS_UP },	     { HEADER, 0 },
	{ NULL, EVENT_CERTIFICATE }, { SASL("auth", " mechanism='EXTERNAL'>cGVlci5leGFtcGxl"), 0 },
	{ NULL, EVENT_SASL },	     { HEADER MESSAGE, 0 },
	{ NULL, EVENT_COUNT },
};

static const struct happening receiving_dialback[] = {
	{ NULL, EVENT_CONNECTED },
	{ HEADER "<db:result from='" PEER "' to='" US "'>key</db:result>", 0 },
	{ NULL, EVENT_CHECKED },
	{ MESSAGE, 0 },
	{ NULL, EVENT_COUNT },
};

static const struct happening initiating_sasl[] = {
	{ NULL, EVENT_CONNECTED },
	{ HEADER FEATURES(TLS("starttls")) TLS("proceed"), 0 },
	{ NULL, EVENT_TLS_UP },
	{ NULL, EVENT_CERTIFICATE },
	{ HEADER FEATURES(MECHANISMS), 0 },
	{ NULL, EVENT_SASL },
	{ SASL("success", ">") HEADER FEATURES(""), 0 },
	{ NULL, EVENT_COUNT },
};

static const struct happening initiating_dialback[] = {
	{ NULL, EVENT_CONNECTED },
	{ HEADER FEATURES(""), 0 },
	{ "<db:result from='" PEER "' to='" US "' type='valid'/>", 0 },
	{ NULL, EVENT_COUNT },
};

/* Plays all of it, with COUNT allocations to spend; ONCE: and then all but one. Returns how many failed. */
static unsigned play(struct play *p, unsigned count, bool once)
{
	const struct happening *h;
	struct wire *w;
	unsigned failed;

	p->ticket = 0;
	p->closes = p->delivered = p->opened = p->halves = 0;
	if (once)
		starve_once_after(count);
	else
		starve_after(count);
	w = wire_new(&p->config, &events, p);
	p->made = w != NULL;
	for (h = p->happenings; w && (h->bytes || h->event != EVENT_COUNT); h++) {
		happen(p, w, h);
		wire_rest(w); /* its parser is made anew */
	}
	failed = starve_end();
	if (w) {
		p->state = negotiation_state(wire_negotiation(w));
		p->fail = negotiation_failure(wire_negotiation(w));
	}
	wire_free(w);
	return failed;
}

static void play_until_end(void *context)
{
	play(context, 12, false);
}

static void make_by_halves(void *context)
{
	play(context, 1, false);
}

/*
 * The peer may be blamed where expat says no more than that it could not go on, and where it goes on after a pair that it
 * did not get; for nothing else, and nobody is blamed for a bug.
 */
static bool is_plausible(enum fail fail)
{
	return fail == FAIL_NO_MEMORY || fail == FAIL_XML_TOO_BIG ||
	       fail == FAIL_XML_NOT_WELL_FORMED || fail == FAIL_NOT_AUTHORIZED;
}

/* For every allocation: it and all after it fail, or (ONCE) it alone. */
static void starve_each(struct play *p, bool once)
{
	bool receiving = p->config.negotiation.role == ROLE_RECEIVING;
	unsigned count = 0, failed;

	do {
		failed = play(p, count, once);
		assert_true(p->made || (failed && count < 3));
		if (!p->made || !failed)
			continue;
		assert_true(p->closes <= 1);
		assert_int_equal(p->closes, p->state == NEGOTIATION_DEAD);
		if (p->state == NEGOTIATION_DEAD)
			assert_true(is_plausible(p->fail));
		assert_true(!p->delivered || p->opened);
		assert_int_equal(p->halves, 0);
	} while (failed && count++ < 1000);
	assert_int_equal(failed, 0);
	assert_int_equal(p->state, NEGOTIATION_OPEN); /* with all that it needs it gets there */
	assert_int_equal(p->opened, 1);
	assert_int_equal(p->delivered, receiving);
	if (starve_can())
		assert_true(count > 5);
}

static void assert_survives(enum negotiation_role role, int row, const struct happening *happenings)
{
	static struct play p;

	memset(&p, 0, sizeof(p));
	make_local(&p.policy, US, true);
	make_partner(&p.policy, PEER, row, false);
	policy_finish(&p.policy);
	assert_int_equal(dialback_secret_init(&p.secret, "a secret of enough bytes", 24), 0);
	p.name = (struct cert_name){ CERT_NAME_DNS, PEER, strlen(PEER) };
	p.certificate =
		(struct cert_facts){ .chain = CERT_CHAIN_OK, .names = &p.name, .name_count = 1 };
	p.config.max_stanza = 20000;
	p.config.negotiation = (struct negotiation_config){
		.policy = &p.policy, .secret = &p.secret, .role = role, .local = US, .remote = PEER
	};
	p.happenings = happenings;
	play(&p, UINT_MAX, false); /* what libraries keep for ever is made now */
	starve_each(&p, false);
	starve_each(&p, true);
	assert_false(leak_grows(play_until_end, &p));
	assert_false(leak_grows(make_by_halves, &p));
	policy_fini(&p.policy);
}

static void test_receiving(void **state)
{
	(void)state;
	assert_survives(ROLE_RECEIVING, 8, receiving_sasl);
	assert_survives(ROLE_RECEIVING, 17, receiving_dialback);
}

static void test_initiating(void **state)
{
	(void)state;
	assert_survives(ROLE_INITIATING, 8, initiating_sasl);
	assert_survives(ROLE_INITIATING, 17, initiating_dialback);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_receiving),
		cmocka_unit_test(test_initiating),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
