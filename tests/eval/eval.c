/*
 * eval: runs tests/eval/NAME.eval files, one test a line; the kind of a file is its name. [eval_file.h]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "eval_choose.h"
#include "eval_dane.h"
#include "eval_file.h"
#include "eval_srv.h"
#include "eval_targets.h"
#include "make_policy.h"
#include "policy/matrix.h"
#include "policy/partner.h"
#include "tap.h"
#include "trust/cert_name.h"
#include "trust/verdict.h"
#include "xmpp/jid.h"

/* matrix: ROW METHODS FLOOR CLASS TEXT  TLS SASL DIALBACK */

static bool parse_bool(const char *text, bool *value)
{
	*value = !strcmp(text, "true");
	return *value || !strcmp(text, "false");
}

static void join_methods(const struct row *row, char *out, size_t size)
{
	int m;

	*out = '\0';
	for (m = METHOD_NONE; m < METHOD_COUNT; m++) {
		size_t used = strlen(out);
		if (row_may(row, (enum method)m))
			snprintf(out + used, size - used, "%s%s", used ? ", " : "",
				 method_str((enum method)m));
	}
}

static bool run_matrix(struct eval_case *c, void *ctx)
{
	bool *seen = ctx, dialback;
	char number[16], methods[128];
	const struct row *row;
	enum tri tls, sasl;

	if (c->count != 8 || !tri_parse(eval_text(c, 5), &tls) ||
	    !tri_parse(eval_text(c, 6), &sasl) || !parse_bool(eval_text(c, 7), &dialback))
		return eval_fail(c, "ROW METHODS FLOOR CLASS TEXT  TLS SASL DIALBACK expected");
	row = matrix_row(tls, sasl, dialback);
	snprintf(number, sizeof(number), "%d", row->number);
	join_methods(row, methods, sizeof(methods));
	if (!eval_expect(c, 0, number) || !eval_expect(c, 1, methods) ||
	    !eval_expect(c, 2, method_str(row_floor(row))) ||
	    !eval_expect(c, 3, row_class_str(row->class)) || !eval_expect(c, 4, row->text))
		return false;
	if (row->tls != tls || row->sasl != sasl || row->dialback != dialback)
		return eval_fail(c, "the row carries other settings");
	if (matrix_row_number(row->number) != row)
		return eval_fail(c, "the row is not found by its number");
	if (row_is_valid(row) != (strcmp(row_class_str(row->class), "not valid") != 0))
		return eval_fail(c, "class and methods do not agree");
	seen[row->number] = true;
	return true;
}

static bool finish_matrix(struct eval_case *c, void *ctx)
{
	bool *seen = ctx;
	int i;

	for (i = 1; i <= MATRIX_ROWS; i++)
		if (!seen[i])
			return eval_fail(c, "row %d is missing", i);
	return true;
}

/* jid: EXPECTED OPERATION INPUT [INPUT] */

static bool jid_domain_case(struct eval_case *c)
{
	const struct eval_field *in = &c->fields[2];
	char out[JID_DOMAIN_SIZE], again[JID_DOMAIN_SIZE];

	if (jid_domain(in->text, in->len, out))
		return eval_expect(c, 0, "malformed");
	if (jid_domain(out, strlen(out), again) || strcmp(out, again))
		return eval_fail(c, "'%s' is not its own normal form", out);
	return eval_expect(c, 0, out);
}

static void append(char *out, size_t size, const char *text, size_t len)
{
	size_t used = strlen(out);

	snprintf(out + used, size - used, "%.*s", (int)len, text);
}

/* LOCAL|DOMAIN|RESOURCE, empty where there is none */
static bool jid_split_case(struct eval_case *c)
{
	const struct eval_field *in = &c->fields[2];
	char out[4 * JID_PART_MAX] = "";
	struct jid jid;

	if (jid_split(in->text, in->len, &jid))
		return eval_expect(c, 0, "malformed");
	append(out, sizeof(out), jid.local ? jid.local : "", jid.local_len);
	append(out, sizeof(out), "|", 1);
	append(out, sizeof(out), jid.domain, jid.domain_len);
	append(out, sizeof(out), "|", 1);
	append(out, sizeof(out), jid.resource ? jid.resource : "", jid.resource_len);
	return eval_expect(c, 0, out);
}

/* DOMAIN for a bare domain, DOMAIN+ for more */
static bool jid_of_case(struct eval_case *c)
{
	const struct eval_field *in = &c->fields[2];
	char out[JID_DOMAIN_SIZE + 1];
	bool bare;

	if (jid_domain_of(in->text, in->len, out, &bare))
		return eval_expect(c, 0, "malformed");
	if (!bare)
		strcat(out, "+");
	return eval_expect(c, 0, out);
}

static bool jid_same_case(struct eval_case *c)
{
	char a[JID_DOMAIN_SIZE], b[JID_DOMAIN_SIZE];

	if (jid_domain(c->fields[2].text, c->fields[2].len, a) ||
	    jid_domain(c->fields[3].text, c->fields[3].len, b))
		return eval_expect(c, 0, "malformed");
	return eval_expect_bool(c, 0, !strcmp(a, b));
}

static bool run_jid(struct eval_case *c, void *ctx)
{
	const char *operation = eval_text(c, 1);

	(void)ctx;
	if (c->count == 3 && !strcmp(operation, "domain"))
		return jid_domain_case(c);
	if (c->count == 3 && !strcmp(operation, "split"))
		return jid_split_case(c);
	if (c->count == 3 && !strcmp(operation, "of"))
		return jid_of_case(c);
	if (c->count == 3 && !strcmp(operation, "address"))
		return eval_expect_bool(c, 0, jid_is_address(eval_text(c, 2)));
	if (c->count == 4 && !strcmp(operation, "same"))
		return jid_same_case(c);
	if (c->count == 4 && !strcmp(operation, "below"))
		return eval_expect_bool(c, 0, jid_is_below(eval_text(c, 2), eval_text(c, 3)));
	return eval_fail(c, "EXPECTED domain|split|of|address|same|below INPUT… expected");
}

/* cert_name: yes|no DOMAIN NAME…, a NAME being dns:VALUE, srv:VALUE or xmpp:VALUE */

static bool read_name(const struct eval_field *f, struct cert_name *name)
{
	static const struct {
		const char *prefix;
		enum cert_name_type type;
	} types[] = { { "dns:", CERT_NAME_DNS },
		      { "srv:", CERT_NAME_SRV },
		      { "xmpp:", CERT_NAME_XMPP_ADDR } };
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		size_t len = strlen(types[i].prefix);
		if (strncmp(f->text, types[i].prefix, len))
			continue;
		*name = (struct cert_name){ types[i].type, f->text + len, f->len - len };
		return true;
	}
	return false;
}

/* The names in the fields from FIRST on, into FACTS. */
static bool read_names(struct eval_case *c, int first, struct cert_name *names,
		       struct cert_facts *facts)
{
	int i;

	facts->names = names;
	facts->name_count = 0;
	for (i = first; i < c->count; i++)
		if (!read_name(&c->fields[i], &names[facts->name_count++]))
			return eval_fail(c, "dns:…, srv:… or xmpp:… expected");
	return true;
}

/* The reference identity is always in normal form. */
static bool is_normal(struct eval_case *c, int i)
{
	const char *text = eval_text(c, i);
	char out[JID_DOMAIN_SIZE];

	if (jid_domain(text, strlen(text), out) || strcmp(text, out))
		return eval_fail(c, "'%s' is not in normal form", text);
	return true;
}

static bool run_cert_name(struct eval_case *c, void *ctx)
{
	struct cert_name names[EVAL_FIELDS_MAX];
	struct cert_facts facts = { .chain = CERT_CHAIN_OK };
	const char *domain = eval_text(c, 1);
	bool one = false;
	size_t i;

	(void)ctx;
	if (c->count < 2 || !is_normal(c, 1) || !read_names(c, 2, names, &facts))
		return false;
	for (i = 0; i < facts.name_count; i++)
		one = one || cert_name_matches_one(&names[i], domain);
	if (cert_name_matches(&facts, domain) && !one)
		return eval_fail(c, "the certificate matches and none of its names does");
	return eval_expect_bool(c, 0, cert_name_matches(&facts, domain));
}

/*
 * verdict: FAILURE CHAIN IDENTITY  STATE DOMAIN [DANE…] NAME…; STATE "none" = no facts at all. DANE: dane:MATCH[/PATH],
 * dane-host:HOST, dane-fail:FAILURE, dane-for:DOMAIN (else it is DOMAIN's), dane-required
 */

static bool run_verdict(struct eval_case *c, void *ctx)
{
	struct cert_name names[EVAL_FIELDS_MAX];
	struct cert_facts facts = { .chain = CERT_CHAIN_OK };
	struct eval_dane_facts dane = { .facts = { .result.path = CERT_CHAIN_OK } };
	bool *seen = ctx, none = !strcmp(eval_text(c, 3), "none");
	struct verdict v;
	int i = 5;

	if (c->count < 5 || (!none && !eval_chain_parse(eval_text(c, 3), &facts.chain)))
		return eval_fail(c, "FAILURE CHAIN IDENTITY  STATE DOMAIN NAME… expected");
	snprintf(dane.facts.domain, sizeof(dane.facts.domain), "%s", eval_text(c, 4));
	while (i < c->count && eval_dane_field(c, i, &dane))
		i++;
	if (!is_normal(c, 4) || !read_names(c, i, names, &facts))
		return false;
	v = verdict_of(none ? NULL : &facts, dane.given ? &dane.facts : NULL, dane.required,
		       eval_text(c, 4));
	seen[facts.chain] = seen[facts.chain] || !none;
	if (verdict_is_valid(&v) != (v.fail == FAIL_NONE))
		return eval_fail(c, "validity and failure do not agree");
	return eval_expect(c, 0, fail_str(v.fail)) && eval_expect_bool(c, 1, v.chain) &&
	       eval_expect_bool(c, 2, v.identity);
}

static bool finish_verdict(struct eval_case *c, void *ctx)
{
	bool *seen = ctx;
	int i;

	for (i = CERT_CHAIN_MISSING; i <= CERT_CHAIN_BROKEN; i++)
		if (!seen[i])
			return eval_fail(c, "no case for a chain that is %s",
					 cert_chain_str((enum cert_chain)i));
	return true;
}

/*
 * partner: a policy in a few lines, then look-ups:
 *	:policy					begins anew
 *	:partner DOMAIN ROW [ADDITIONAL…]
 *	:local DOMAIN certificate|clear
 *	PARTNER MATCH PATTERN  partner NAME	(- none - where there is none, malformed - - for a NAME that is no domain)
 *	PARTNER  everyone
 *	certificate|clear|none  local NAME
 */

struct partner_test {
	struct policy policy;
	bool finished;
};

static bool declare(struct eval_case *c, struct partner_test *t)
{
	const char *what = eval_text(c, 0);
	struct partner *partner;
	int i, row = 0;

	if (!strcmp(what, ":policy") && c->count == 1) {
		policy_fini(&t->policy);
		t->finished = false;
		return true;
	}
	if (t->finished)
		return eval_fail(c, ":policy expected first");
	if (!strcmp(what, ":local") && c->count == 3) {
		make_local(&t->policy, eval_text(c, 1), !strcmp(eval_text(c, 2), "certificate"));
		return true;
	}
	if (strcmp(what, ":partner") || c->count < 3 || sscanf(eval_text(c, 2), "%d", &row) != 1 ||
	    !matrix_row_number(row))
		return eval_fail(c, ":policy, :partner DOMAIN ROW… or :local DOMAIN … expected");
	partner = make_partner(&t->policy, eval_text(c, 1), row, false);
	for (i = 3; i < c->count; i++)
		make_additional(partner, eval_text(c, i));
	return true;
}

static bool partner_case(struct eval_case *c, const struct policy *policy)
{
	const struct eval_field *in = &c->fields[4];
	const struct partner *partner;
	char name[JID_DOMAIN_SIZE];
	enum partner_match match;
	const char *pattern;

	if (jid_domain(in->text, in->len, name))
		return eval_expect(c, 0, "malformed");
	partner = policy_partner(policy, name, &match, &pattern);
	if (partner != policy_partner(policy, name, NULL, NULL))
		return eval_fail(c, "the second look-up found another partner");
	return eval_expect(c, 0, partner ? partner->domain : "-") &&
	       eval_expect(c, 1, partner_match_str(match)) &&
	       eval_expect(c, 2, pattern ? pattern : "-");
}

static bool local_case(struct eval_case *c, const struct policy *policy)
{
	const struct eval_field *in = &c->fields[2];
	const struct local_domain *local;
	char name[JID_DOMAIN_SIZE];

	if (jid_domain(in->text, in->len, name))
		return eval_expect(c, 0, "malformed");
	local = policy_local(policy, name);
	if (!local)
		return eval_expect(c, 0, "none");
	if (strcmp(local->domain, name))
		return eval_fail(c, "found '%s'", local->domain);
	return eval_expect(c, 0, local->certificate ? "certificate" : "clear");
}

static bool run_partner(struct eval_case *c, void *ctx)
{
	struct partner_test *t = ctx;
	const struct partner *everyone;

	if (eval_text(c, 0)[0] == ':')
		return declare(c, t);
	if (!t->finished)
		policy_finish(&t->policy);
	t->finished = true;
	if (c->count == 5 && !strcmp(eval_text(c, 3), "partner"))
		return partner_case(c, &t->policy);
	if (c->count == 3 && !strcmp(eval_text(c, 1), "local"))
		return local_case(c, &t->policy);
	everyone = policy_everyone(&t->policy);
	if (c->count == 2 && !strcmp(eval_text(c, 1), "everyone"))
		return eval_expect(c, 0, everyone ? everyone->domain : "-");
	return eval_fail(c, "… partner NAME, … local NAME or … everyone expected");
}

static bool finish_partner(struct eval_case *c, void *ctx)
{
	struct partner_test *t = ctx;

	(void)c;
	policy_fini(&t->policy);
	return true;
}

static const struct {
	struct eval_kind kind;
	size_t size; /* of the context */
} kinds[] = {
	{ { "matrix", run_matrix, finish_matrix }, (MATRIX_ROWS + 1) * sizeof(bool) },
	{ { "jid", run_jid, NULL }, 1 },
	{ { "cert_name", run_cert_name, NULL }, 1 },
	{ { "verdict", run_verdict, finish_verdict }, (CERT_CHAIN_BROKEN + 1) * sizeof(bool) },
	{ { "partner", run_partner, finish_partner }, sizeof(struct partner_test) },
	{ { "srv", eval_srv, NULL }, 1 },
	{ { "targets", eval_targets, NULL }, 1 },
	{ { "dane", eval_dane, eval_dane_finish }, EVAL_DANE_SIZE },
	{ { "choose_offer", eval_choose_offer, eval_choose_finish_offer }, EVAL_CHOOSE_SIZE },
	{ { "choose_next", eval_choose_next, eval_choose_finish_next }, EVAL_CHOOSE_SIZE },
	{ { "choose_accept", eval_choose_accept, eval_choose_finish_accept }, EVAL_CHOOSE_SIZE },
};

static void run_file(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t i, len = strcspn(base, ".");

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		void *ctx;
		if (strlen(kinds[i].kind.name) != len || strncmp(base, kinds[i].kind.name, len))
			continue;
		ctx = mem_new(kinds[i].size);
		eval_file_run(path, &kinds[i].kind, ctx);
		free(ctx);
		return;
	}
	tap_ok(false, "%s: no such kind of file", base);
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		run_file(argv[i]);
	return tap_done();
}
