/*
 * Two gateways joined in memory, with the fuzzer in the middle: it picks rows, certificates and strictness, and then drops,
 * doubles, cuts, flips and inserts bytes on the way, in clear as an attacker, in TLS as a hostile peer. The step asserts the
 * invariants; here: every run ends, and what came in came by a method of the receiver's row.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_input.h"
#include "make_policy.h"
#include "world.h"

static const char *const snippets[] = {
	"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
	"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
	"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
	"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>",
	"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'/>",
	"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
	"<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>",
	"<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
	"<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
	"<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
	"<db:result from='a.example' to='b.example'>key</db:result>",
	"<db:result from='b.example' to='a.example' type='valid'/>",
	"<db:result from='b.example' to='a.example' type='invalid'/>",
	"<db:result from='b.example' to='a.example' type='error'/>",
	"<db:verify from='a.example' to='b.example' id='id1' type='valid'/>",
	"<db:verify from='a.example' to='b.example' id='id1' type='invalid'/>",
	"<db:verify from='b.example' to='a.example' id='id1'>key</db:verify>",
	"<message from='u@a.example' to='v@b.example'/>",
	"<iq type='get' from='c.example' to='b.example'><x xmlns='y'/></iq>",
	"<stream:features/>",
	"<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL"
	"</mechanism></mechanisms></stream:features>",
	"<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
	"</stream:stream>",
	"<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx."
	"jabber.org/streams' xmlns:db='jabber:server:dialback' from='a.example' to='b.example' "
	"version='1.0'>",
	"<!DOCTYPE x>",
	"<!-- -->",
};

#define SNIPPETS (sizeof(snippets) / sizeof(*snippets))

struct hand {
	struct fuzz_input in;
	bool hostile; /* it is the peer itself: TLS does not stop it */
	bool breaks;
};

static void insert(struct buf *bytes, size_t at, const char *text)
{
	struct buf changed;

	buf_init(&changed, BUF_MAX_DEFAULT);
	buf_add(&changed, bytes->data, at);
	buf_adds(&changed, text);
	buf_add(&changed, bytes->data + at, bytes->len - at);
	buf_fini(bytes);
	*bytes = changed;
}

static void on_bytes(struct world *w, struct side *from, bool tls, struct buf *bytes, void *context)
{
	struct hand *h = context;
	unsigned what = fuzz_byte(&h->in);
	size_t at = bytes->len ? (size_t)fuzz_byte(&h->in) * bytes->len / 256 : 0;

	(void)w;
	(void)from;
	if (tls && !h->hostile && what % 8 != 1)
		return;
	switch (what % 8) {
	case 1:
		buf_clear(bytes);
		break;
	case 2:
		bytes->data[at] ^= (char)(1 << fuzz_byte(&h->in) % 8);
		break;
	case 3:
		insert(bytes, at, snippets[fuzz_byte(&h->in) % SNIPPETS]);
		break;
	case 4:
		insert(bytes, bytes->len, snippets[fuzz_byte(&h->in) % SNIPPETS]);
		break;
	case 5:
		insert(bytes, 0, snippets[fuzz_byte(&h->in) % SNIPPETS]);
		break;
	case 6:
		bytes->len = at;
		break;
	default:
		break;
	}
}

static bool on_tls(struct world *w, struct link *l, void *context)
{
	struct hand *h = context;

	(void)w;
	(void)l;
	return h->breaks;
}

static const struct row *valid_row(struct fuzz_input *in)
{
	const struct row *row = matrix_row_number(1 + fuzz_byte(in) % MATRIX_ROWS);

	return row_is_valid(row) ? row : matrix_row_number(9);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cert_name name_a = { CERT_NAME_DNS, WORLD_A, sizeof(WORLD_A) - 1 };
	static const struct cert_name name_b = { CERT_NAME_DNS, WORLD_B, sizeof(WORLD_B) - 1 };
	struct hand h = { .in = { data, size } };
	struct cert_facts a = { .names = &name_a, .name_count = 1 };
	struct cert_facts b = { .names = &name_b, .name_count = 1 };
	struct policy policy_a = { 0 }, policy_b = { 0 };
	struct tamper tamper = { on_bytes, on_tls, &h };
	const struct row *row_a = valid_row(&h.in), *row_b = valid_row(&h.in);
	unsigned bits = fuzz_byte(&h.in), more = fuzz_byte(&h.in);
	struct world w = {
		.policy_a = &policy_a,
		.policy_b = &policy_b,
		.certificate_a = &a,
		.certificate_b = &b,
		.tamper = &tamper,
	};
	const struct side *in;
	unsigned i;

	a.chain = (enum cert_chain)(bits % 4);
	b.chain = (enum cert_chain)(bits / 4 % 4);
	h.hostile = more & 1;
	h.breaks = (more & 14) == 14;
	make_local(&policy_a, WORLD_A, a.chain != CERT_CHAIN_MISSING);
	make_partner(&policy_a, WORLD_B, row_a->number, bits & 16);
	make_local(&policy_b, WORLD_B, b.chain != CERT_CHAIN_MISSING);
	make_partner(&policy_b, bits & 64 ? "*" : WORLD_A, row_b->number, bits & 32);
	policy_finish(&policy_a);
	policy_finish(&policy_b);
	world_start(&w);
	for (i = 0; i < 3; i++) {
		if (i == 1)
			world_send(&w);
		if (i == 2)
			world_shut(&w);
		if (!world_run(&w))
			abort();
	}
	in = &w.links[0].receiver;
	if (in->delivered && !row_may(row_b, in->method))
		abort();
	world_fini(&w);
	policy_fini(&policy_a);
	policy_fini(&policy_b);
	return 0;
}
