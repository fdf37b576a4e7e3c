/*
 * The pair test: two engines joined in memory, every row against every row, every certificate on either side, lenient and
 * strict, and an attacker between them.
 *
 * Each run must end, must hold every invariant (the step asserts them), must match what an independent reading of the
 * matrix expects where nobody attacks, and must stay within both rows whoever attacks. All outcomes are golden text:
 * tests/golden/pair.txt (UPDATE_GOLDEN=1 rewrites it).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"
#include "make_policy.h"
#include "tap.h"
#include "world.h"

enum certificate { MISSING, INVALID, VALID };
#define CERTIFICATES 3

enum attacker {
	NOBODY,
	STRIPS_STARTTLS,  /* out of the features */
	REFUSES_STARTTLS, /* out of the features, and answers the request with a failure */
	STRIPS_EXTERNAL,
	BREAKS_TLS,
	INJECTS_PROCEED,  /* plain text behind <proceed/> */
	INJECTS_STARTTLS, /* plain text behind <starttls/> */
	FORGES_ANSWERS, /* says "valid" to every question that is put in clear, before the answer comes */
	REPLAYS_ANSWERS, /* every answer in clear twice, and once with another id and domain */
	FORGES_KEY,	 /* another key than the initiator's */
	ATTACKERS
};

static const char *const attacker_names[ATTACKERS] = {
	"nobody",	   "strips-starttls",  "refuses-starttls", "strips-external", "breaks-tls",
	"injects-proceed", "injects-starttls", "forges-answers",   "replays-answers", "forges-key",
};

struct setup {
	const struct row *row_a, *row_b;
	enum certificate certificate_a, certificate_b;
	bool strict_a, strict_b;
	enum attacker attacker;
	bool demanded; /* A's try with direct TLS failed before */
};

static void replace(struct buf *b, const char *from, const char *to)
{
	char *at, *end;
	struct buf changed;

	buf_init(&changed, BUF_MAX_DEFAULT);
	at = (char *)(size_t)buf_str(b);
	while ((end = strstr(at, from))) {
		buf_add(&changed, at, (size_t)(end - at));
		buf_adds(&changed, to);
		at = end + strlen(from);
	}
	buf_adds(&changed, at);
	buf_fini(b);
	*b = changed;
}

static bool contains(struct buf *b, const char *text)
{
	return strstr(buf_str(b), text) != NULL;
}

#define STARTTLS "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'"
#define PROCEED "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"

static void strip_starttls(struct buf *bytes)
{
	replace(bytes, STARTTLS "><required/></starttls>", "");
	replace(bytes, STARTTLS "></starttls>", "");
}

/* An answer that looks right, to whoever asked. */
static void forge(struct side *asker, struct buf *bytes, const char *name)
{
	bool from_a = asker->link->ticket == 0;
	const char *id = strstr(buf_str(bytes), " id='");
	char text[32] = "";

	if (id && strchr(id + 5, '\'') && strchr(id + 5, '\'') - id < 20)
		snprintf(text, sizeof(text), " id='%.*s'", (int)(strchr(id + 5, '\'') - id - 5),
			 id + 5);
	buf_addf(asker == &asker->link->initiator ? &asker->link->receiver.out
						  : &asker->link->initiator.out,
		 "<db:%s from='%s' to='%s'%s type='valid'/>", name, from_a ? WORLD_B : WORLD_A,
		 from_a ? WORLD_A : WORLD_B, text);
}

static void tamper_in_clear(struct side *from, struct buf *bytes, enum attacker attacker)
{
	switch (attacker) {
	case REFUSES_STARTTLS:
		if (from == &from->link->initiator && contains(bytes, STARTTLS)) {
			buf_clear(bytes);
			buf_adds(&from->link->receiver.out,
				 "<failure "
				 "xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>");
		}
		strip_starttls(bytes);
		break;
	case STRIPS_STARTTLS:
		if (from == &from->link->receiver)
			strip_starttls(bytes);
		break;
	case INJECTS_PROCEED:
		replace(bytes, PROCEED,
			PROCEED "<db:result from='" WORLD_B "' to='" WORLD_A "' type='valid'/>");
		break;
	case INJECTS_STARTTLS:
		if (from == &from->link->initiator)
			replace(bytes, STARTTLS "/>",
				STARTTLS "/><message from='x@" WORLD_A "' to='y@" WORLD_B "'/>");
		break;
	case FORGES_ANSWERS:
		if (contains(bytes, "<db:result") && !contains(bytes, "type='"))
			forge(from, bytes, "result");
		if (contains(bytes, "<db:verify") && !contains(bytes, "type='"))
			forge(from, bytes, "verify");
		break;
	case REPLAYS_ANSWERS:
		if (contains(bytes, "<db:") && contains(bytes, "type='")) {
			size_t len = bytes->len;
			const char *at = strstr(buf_str(bytes), "<db:");
			size_t offset = (size_t)(at - bytes->data);
			char *copy = strndup(bytes->data + offset, len - offset);
			if (!contains(bytes, "</stream:stream>"))
				buf_adds(bytes, copy);
			free(copy);
		}
		break;
	case FORGES_KEY:
		if (contains(bytes, "<db:result") && !contains(bytes, "type='")) {
			char *key = strchr(strstr(buf_str(bytes), "<db:result"), '>') + 1;
			*key = *key == '0' ? '1' : '0';
		}
		break;
	case NOBODY:
	case STRIPS_EXTERNAL:
	case BREAKS_TLS:
	case ATTACKERS:
		break;
	}
}

static void tamper_bytes(struct world *w, struct side *from, bool tls, struct buf *bytes,
			 void *context)
{
	const struct setup *s = context;

	(void)w;
	if (s->attacker == STRIPS_EXTERNAL)
		replace(bytes, "<mechanism>EXTERNAL</mechanism>", "");
	else if (!tls)
		tamper_in_clear(from, bytes, s->attacker);
}

static bool tamper_tls(struct world *w, struct link *l, void *context)
{
	const struct setup *s = context;

	(void)w;
	(void)l;
	return s->attacker == BREAKS_TLS;
}

/* Would dialback by that method work from X to Y, by the matrix as it is written? */
static bool both_may(const struct setup *s, enum method m)
{
	return s->row_a->methods & METHOD_BIT(m) && s->row_b->methods & METHOD_BIT(m);
}

/* Does a stream towards a side with that certificate go into TLS? */
static bool goes_tls(const struct setup *s, enum certificate certificate)
{
	return s->row_a->tls != TRI_NOT_SUPPORTED && s->row_b->tls != TRI_NOT_SUPPORTED &&
	       certificate != MISSING;
}

/* What must come out where nobody attacks, read from the matrix without the choosers. */
static enum method expected(const struct setup *s)
{
	bool distrust = (s->strict_a && s->certificate_b != VALID) ||
			(s->strict_b && s->certificate_a != VALID);
	/* the check of a key goes from B to A, who then shows its certificate as a server */
	bool check_tls = goes_tls(s, s->certificate_a);
	bool check_clear = !check_tls && both_may(s, METHOD_TCP_DIALBACK);

	if (!goes_tls(s, s->certificate_b)) {
		if (!both_may(s, METHOD_TCP_DIALBACK))
			return METHOD_NONE;
		if (check_tls)
			return both_may(s, METHOD_TLS_DIALBACK) && !distrust ? METHOD_TCP_DIALBACK
									     : METHOD_NONE;
		return METHOD_TCP_DIALBACK;
	}
	if (distrust)
		return METHOD_NONE;
	if (both_may(s, METHOD_SASL_TLS) && s->certificate_a == VALID && s->certificate_b == VALID)
		return METHOD_SASL_TLS;
	if (both_may(s, METHOD_TLS_DIALBACK) && (check_tls || check_clear))
		return METHOD_TLS_DIALBACK;
	return METHOD_NONE;
}

static const struct cert_name name_a = { CERT_NAME_DNS, WORLD_A, sizeof(WORLD_A) - 1 };
static const struct cert_name name_b = { CERT_NAME_DNS, WORLD_B, sizeof(WORLD_B) - 1 };

static struct cert_facts facts(enum certificate c, const struct cert_name *name)
{
	struct cert_facts f = { .chain = c == VALID ? CERT_CHAIN_OK : CERT_CHAIN_EXPIRED,
				.names = name,
				.name_count = 1 };
	if (c == MISSING)
		f = (struct cert_facts){ .chain = CERT_CHAIN_MISSING };
	return f;
}

static void make(struct policy *p, const char *local, const char *remote, const struct row *row,
		 bool strict, enum certificate own)
{
	memset(p, 0, sizeof(*p));
	make_local(p, local, own != MISSING);
	make_partner(p, remote, row->number, strict);
	policy_finish(p);
}

/* One letter: the method by which A's message got in; '-' none; 'x' A believed a forged answer and B let nothing in. */
static char outcome(const struct world *w)
{
	static const char letters[METHOD_COUNT] = { '-', 'S', 'T', 'C' };
	const struct side *a = &w->links[0].initiator, *b = &w->links[0].receiver;

	if (b->delivered)
		return letters[b->method];
	return a->opened ? 'x' : '-';
}

static const char *judge(const struct setup *s, const struct world *w, bool ended, char letter)
{
	const struct side *a = &w->links[0].initiator, *b = &w->links[0].receiver;
	unsigned i;

	if (!ended)
		return "did not end";
	for (i = 0; i < w->link_count; i++)
		if (negotiation_state(wire_negotiation(w->links[i].initiator.wire)) !=
			    NEGOTIATION_DEAD ||
		    negotiation_state(wire_negotiation(w->links[i].receiver.wire)) !=
			    NEGOTIATION_DEAD)
			return "a stream is left over";
	if (b->delivered > 1)
		return "one message came in twice";
	if (letter != '-' && letter != 'x') {
		if (!both_may(s, b->method) || a->method != b->method)
			return "a method outside the rows";
		if (b->method == METHOD_SASL_TLS &&
		    (s->certificate_a != VALID || s->certificate_b != VALID))
			return "SASL with a certificate that is not valid";
		if (b->method != METHOD_TCP_DIALBACK &&
		    ((s->strict_a && s->certificate_b != VALID) ||
		     (s->strict_b && s->certificate_a != VALID)))
			return "strict, and yet open";
	}
	if (s->demanded && (letter == 'C' || letter == 'x'))
		return "in clear, though TLS is demanded";
	if (letter == 'x' && s->attacker != FORGES_ANSWERS)
		return "A believes what B does not";
	if (letter == 'x' && !(s->row_a->methods & METHOD_BIT(METHOD_TCP_DIALBACK)))
		return "a forged answer was believed below the floor";
	if (s->attacker == FORGES_KEY && letter == 'C')
		return "a forged key was accepted";
	if (s->attacker == NOBODY && (b->delivered ? b->method : METHOD_NONE) != expected(s) &&
	    !(s->demanded && expected(s) == METHOD_TCP_DIALBACK))
		return "not what the matrix says";
	if ((s->attacker == BREAKS_TLS || s->attacker == INJECTS_PROCEED ||
	     s->attacker == INJECTS_STARTTLS) &&
	    letter != '-' && letter != 'C')
		return "TLS that was attacked went on";
	return NULL;
}

static char run(const struct setup *s)
{
	struct policy policy_a, policy_b;
	struct cert_facts certificate_a = facts(s->certificate_a, &name_a);
	struct cert_facts certificate_b = facts(s->certificate_b, &name_b);
	struct tamper tamper = { tamper_bytes, tamper_tls, (void *)(size_t)s };
	struct world w = {
		.policy_a = &policy_a,
		.policy_b = &policy_b,
		.certificate_a = &certificate_a,
		.certificate_b = &certificate_b,
		.tls_demanded = s->demanded,
		.tamper = &tamper,
	};
	const char *wrong;
	bool ended;
	char letter;

	make(&policy_a, WORLD_A, WORLD_B, s->row_a, s->strict_a, s->certificate_a);
	make(&policy_b, WORLD_B, WORLD_A, s->row_b, s->strict_b, s->certificate_b);
	world_start(&w);
	ended = world_run(&w);
	world_send(&w);
	ended = ended && world_run(&w);
	world_shut(&w);
	ended = ended && world_run(&w);
	letter = outcome(&w);
	wrong = judge(s, &w, ended, letter);
	if (wrong)
		tap_note("%s: rows %d and %d, certificates %d and %d, strict %d and %d: %c: %s",
			 attacker_names[s->attacker], s->row_a->number, s->row_b->number,
			 s->certificate_a, s->certificate_b, s->strict_a, s->strict_b, letter,
			 wrong);
	world_fini(&w);
	policy_fini(&policy_a);
	policy_fini(&policy_b);
	return wrong ? '!' : letter;
}

/* All 36 outcomes of two rows under one attacker: A's certificate outermost, then B's, then strictness of A, of B. */
static bool run_cell(struct buf *text, struct setup *s)
{
	bool good = true;
	int i;

	for (i = 0; i < CERTIFICATES * CERTIFICATES * 4; i++) {
		char letter;
		s->certificate_a = (enum certificate)(i / 12);
		s->certificate_b = (enum certificate)(i / 4 % 3);
		s->strict_a = i / 2 % 2;
		s->strict_b = i % 2;
		letter = run(s);
		good = good && letter != '!';
		if (i && i % 4 == 0)
			buf_addc(text, ' ');
		buf_addc(text, letter);
	}
	return good;
}

/* [HAZARDS T18] Where A's row would go in clear, but A has seen direct TLS fail: whatever the other side and an attacker do. */
static void run_demanded(void)
{
	struct setup s = { .demanded = true };
	struct buf text;
	int attacker, i, k;

	buf_init(&text, (size_t)1 << 22);
	for (attacker = 0; attacker < ATTACKERS; attacker++) {
		bool good = true;
		s.attacker = (enum attacker)attacker;
		for (i = 1; i <= MATRIX_ROWS; i++)
			for (k = 1; k <= MATRIX_ROWS; k++) {
				s.row_a = matrix_row_number(i);
				s.row_b = matrix_row_number(k);
				if (row_is_valid(s.row_a) && row_is_valid(s.row_b) &&
				    s.row_a->tls != TRI_NOT_SUPPORTED)
					good = run_cell(&text, &s) && good;
			}
		tap_ok(good, "T18: TLS is demanded, %s: nothing in clear",
		       attacker_names[attacker]);
	}
	buf_fini(&text);
}

int main(void)
{
	struct buf text;
	struct setup s = { 0 };
	int attacker, i, k;

	buf_init(&text, (size_t)1 << 22);
	buf_adds(&text, "# attacker, A's row, B's row; then by A's certificate {missing, invalid, "
			"valid} x B's\n"
			"# (nine groups), each by strictness {neither, B, A, both}: the method by "
			"which A's\n"
			"# message reached B: S = SASL over TLS, T = TLS dialback, C = TCP "
			"dialback, - = none,\n"
			"# x = none, though A believed a forged answer in clear\n");
	for (attacker = 0; attacker < ATTACKERS; attacker++) {
		bool good = true;
		s.attacker = (enum attacker)attacker;
		for (i = 1; i <= MATRIX_ROWS; i++) {
			for (k = 1; k <= MATRIX_ROWS; k++) {
				s.row_a = matrix_row_number(i);
				s.row_b = matrix_row_number(k);
				if (!row_is_valid(s.row_a) || !row_is_valid(s.row_b))
					continue;
				buf_addf(&text, "%s %d %d ", attacker_names[attacker], i, k);
				good = run_cell(&text, &s) && good;
				buf_addc(&text, '\n');
			}
		}
		tap_ok(good, "13 rows x 13 rows x 9 certificates x 4: %s",
		       attacker_names[attacker]);
	}
	tap_ok(golden_matches("pair.txt", buf_str(&text)), "outcomes are those of golden/pair.txt");
	buf_fini(&text);
	run_demanded();
	return tap_done();
}
