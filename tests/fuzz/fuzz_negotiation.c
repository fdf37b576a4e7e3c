/*
 * One engine and a script of events, each of which may come at any time: the fuzzer plays both the peer and a careless
 * driver. The step asserts the invariants; here: a dead stream says nothing more, and the same events give the same output.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_input.h"
#include "make_policy.h"
#include "negotiation/negotiation.h"
#include "xmpp/ns.h"

#define EVENTS_MAX 64

static const char *const domains[] = {
	"a.example",   "b.example", "c.example", "A.Example.",
	"x.a.example", "",	    "a b",	 "u@a.example",
};

static const char *pick_domain(struct fuzz_input *in)
{
	unsigned i = fuzz_byte(in) % 9;

	return i < 8 ? domains[i] : NULL;
}

/* An element with all that the handlers look at. */
struct made {
	struct element element, child, grandchild;
	struct element_attribute attributes[6];
};

static const struct {
	const char *ns, *name;
} kinds[] = {
	{ NS_STREAM, "features" }, { NS_STREAM, "error" },   { NS_TLS, "starttls" },
	{ NS_TLS, "proceed" },	   { NS_TLS, "failure" },    { NS_SASL, "auth" },
	{ NS_SASL, "challenge" },  { NS_SASL, "response" },  { NS_SASL, "success" },
	{ NS_SASL, "failure" },	   { NS_SASL, "abort" },     { NS_DIALBACK, "result" },
	{ NS_DIALBACK, "verify" }, { "urn:x", "something" },
};

static const char *const texts[] = {
	"", "=", "YS5leGFtcGxl", "!!", " key \n", "EXTERNAL", "PLAIN"
};
static const char *const types[] = { "valid", "invalid", "error", "" };
static const char *const ids[] = { "s1", "s2", "id", "with space" };

static void add_attribute(struct made *m, const char *name, const char *value)
{
	struct element_attribute *a = m->attributes;

	if (!value)
		return;
	while (a->name)
		a++;
	a->ns = "";
	a->name = name;
	a->value = value;
	a->next = m->element.attributes;
	m->element.attributes = a;
}

static void fill(struct element *e, const char *ns, const char *name, const char *text)
{
	e->ns = ns;
	e->name = name;
	e->text = text;
	e->text_len = strlen(text);
}

static void make_element(struct fuzz_input *in, struct made *m)
{
	unsigned kind = fuzz_byte(in) % (sizeof(kinds) / sizeof(*kinds)), bits = fuzz_byte(in);

	memset(m, 0, sizeof(*m));
	fill(&m->element, kinds[kind].ns, kinds[kind].name, texts[bits % 7]);
	add_attribute(m, "from", pick_domain(in));
	add_attribute(m, "to", pick_domain(in));
	if (bits & 8)
		add_attribute(m, "type", types[fuzz_byte(in) % 4]);
	if (bits & 16)
		add_attribute(m, "id", ids[fuzz_byte(in) % 4]);
	if (bits & 32)
		add_attribute(m, "mechanism", texts[5 + (bits & 1)]);
	if (kind < 2 && bits & 64) {
		fill(&m->child, bits & 1 ? NS_SASL : NS_TLS, bits & 1 ? "mechanisms" : "starttls",
		     "");
		fill(&m->grandchild, bits & 1 ? NS_SASL : NS_TLS,
		     bits & 1 ? "mechanism" : "required", "EXTERNAL");
		m->element.children = &m->child;
		m->child.children = bits & 128 ? &m->grandchild : NULL;
	} else if (bits & 128) {
		fill(&m->child, "urn:x", "child", "");
		m->element.children = &m->child;
	}
}

static struct stanza *kept[3];

static int keep_stanza(void *context, struct stanza *s)
{
	unsigned *count = context;

	kept[(*count)++] = stanza_get(s);
	return 0;
}

static int ignore_header(void *context, const struct xml_header *header)
{
	(void)context;
	(void)header;
	return 0;
}

static void make_stanzas(void)
{
	static const char text[] =
		"<stream:stream xmlns='jabber:server' xmlns:stream='" NS_STREAM "'>"
		"<message from='u@a.example' to='v@b.example'/><message to='b.example'/>"
		"<iq from='c.example/r' to='b.example' type='get' id='1'/>";
	const struct xml_stream_events events = { .header = ignore_header, .stanza = keep_stanza };
	const struct xml_stream_limits limits = XML_STREAM_LIMITS_DEFAULT;
	unsigned count = 0;
	struct xml_stream *x;

	if (kept[0])
		return;
	x = xml_stream_new(&events, &count, &limits, NS_SERVER);
	if (xml_stream_feed(x, text, sizeof(text) - 1, NULL) || count != 3)
		abort();
	xml_stream_free(x);
}

struct scene {
	struct policy policy;
	struct dialback_secret secret;
	struct cert_facts certificate;
	struct negotiation_config config;
};

static void set_scene(struct scene *s, struct fuzz_input *in)
{
	static const struct cert_name name = { CERT_NAME_DNS, "a.example", 9 };
	unsigned bits = fuzz_byte(in), row = 1 + fuzz_byte(in) % MATRIX_ROWS;

	memset(s, 0, sizeof(*s));
	if (!row_is_valid(matrix_row_number((int)row)))
		row = 9;
	s->certificate.chain = (enum cert_chain)(fuzz_byte(in) % (CERT_CHAIN_BROKEN + 1));
	s->certificate.names = &name;
	s->certificate.name_count = 1;
	make_local(&s->policy, "b.example", bits & 1);
	make_additional(make_partner(&s->policy, "a.example", (int)row, bits & 2), "*.a.example");
	if (bits & 4)
		make_partner(&s->policy, "*", 7, false);
	policy_finish(&s->policy);
	if (dialback_secret_init(&s->secret, "a secret for the fuzzer", 23))
		abort();
	s->config.policy = &s->policy;
	s->config.secret = &s->secret;
	s->config.role = bits & 8 ? ROLE_INITIATING : ROLE_RECEIVING;
	s->config.direct_tls = bits & 16;
	s->config.tls_demanded = bits & 128 && bits & 8;
	s->config.verify_only = bits & 32 && bits & 8;
	s->config.local = "b.example";
	s->config.remote = "a.example";
	s->config.pairs_max = 3;
}

static void make_event(struct fuzz_input *in, const struct scene *s, struct negotiation_event *ev,
		       struct made *m, struct xml_header *header)
{
	static const char *const versions[] = { "1.0", NULL, "2.0", "1.x" };
	unsigned type = fuzz_byte(in), bits = fuzz_byte(in);

	memset(ev, 0, sizeof(*ev));
	ev->type = (enum negotiation_event_type)(type % EVENT_COUNT);
	ev->ticket = bits % 4;
	ev->id = ids[bits / 4 % 2];
	ev->certificate = bits & 16 ? &s->certificate : NULL;
	ev->sasl = (enum sasl_outcome)(bits / 32 % 3);
	ev->outcome = (enum dialback_outcome)(bits / 16 % 6);
	ev->fail = (enum fail)(1 + bits % (FAIL_COUNT - 1));
	ev->stanza = kept[bits % 3];
	ev->identity = bits & 64 ? domains[bits % 8] : "";
	ev->data = bits & 128 ? "b.example" : NULL;
	ev->data_len = bits & 128 ? 9 : 0;
	ev->local = "b.example";
	ev->remote = "a.example";
	ev->key = "key";
	if (ev->type == EVENT_HEADER) {
		memset(header, 0, sizeof(*header));
		header->content_ns = bits & 1 && bits & 2 ? "jabber:client" : NS_SERVER;
		header->from = pick_domain(in);
		header->to = pick_domain(in);
		header->id = bits & 8 ? NULL : ids[bits / 32 % 4];
		header->version = versions[bits & 4 ? bits / 64 : 0];
		ev->header = header;
	} else if (ev->type > EVENT_HEADER && ev->type != EVENT_STANZA &&
		   ev->type != EVENT_FOOTER) {
		make_element(in, m);
		ev->element = &m->element;
		ev->type = negotiation_classify(&m->element);
	}
}

static void same(const struct negotiation_output *a, const struct negotiation_output *b)
{
	unsigned i;

	if (a->action_count != b->action_count || a->bytes.len != b->bytes.len ||
	    (a->bytes.len && memcmp(a->bytes.data, b->bytes.data, a->bytes.len) != 0))
		abort();
	for (i = 0; i < a->action_count; i++)
		if (a->actions[i].type != b->actions[i].type ||
		    a->actions[i].fail != b->actions[i].fail)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct negotiation_output out, again;
	struct negotiation *n, *twin;
	struct scene s;
	unsigned i;

	make_stanzas();
	set_scene(&s, &in);
	n = negotiation_new(&s.config);
	twin = negotiation_new(&s.config);
	negotiation_output_init(&out);
	negotiation_output_init(&again);
	for (i = 0; in.left && i < EVENTS_MAX; i++) {
		bool was_dead = negotiation_state(n) == NEGOTIATION_DEAD;
		struct negotiation_event ev;
		struct xml_header header;
		struct made made;
		int rc;
		make_event(&in, &s, &ev, &made, &header);
		rc = negotiation_step(n, &ev, &out);
		if (rc != negotiation_step(twin, &ev, &again))
			abort();
		same(&out, &again);
		if (was_dead && (out.action_count || out.note_count))
			abort();
		if (rc && negotiation_state(n) != NEGOTIATION_DEAD)
			abort();
	}
	negotiation_free(n);
	negotiation_free(twin);
	negotiation_output_fini(&out);
	negotiation_output_fini(&again);
	policy_fini(&s.policy);
	return 0;
}
