#include "eval_targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/targets.h"

#define RECORDS_MAX 32
#define DOMAIN "example.org"

/* What chance is to say, in the order in which it is asked: NUMBER/BELOW. */
struct drawn {
	char *left;
	bool wrong;
};

static uint32_t draw(void *context, uint32_t below)
{
	struct drawn *d = context;
	char *item = eval_next_item(&d->left);
	unsigned number, limit;

	if (!item || sscanf(item, "%u/%u", &number, &limit) != 2 || limit != below) {
		d->wrong = true;
		return 0;
	}
	return number;
}

/* none, a failure's name, or PRIORITY:WEIGHT:TARGET:PORT,… with . for a service that is not offered; ! behind it: proven */
static bool read_answer(struct eval_case *c, int field, struct srv *records,
			struct targets_answer *out)
{
	static const enum fail fails[] = { FAIL_DNS_FAILED, FAIL_DNS_TIMEOUT, FAIL_DNS_BOGUS,
					   FAIL_NO_MEMORY };
	char text[512], *left = text, *item;
	size_t i;

	snprintf(text, sizeof(text), "%s", eval_text(c, field));
	memset(out, 0, sizeof(*out));
	out->records = records;
	out->secure = *text && text[strlen(text) - 1] == '!';
	if (out->secure)
		text[strlen(text) - 1] = '\0';
	if (!strcmp(text, "none"))
		out->fail = FAIL_DNS_NOT_FOUND;
	for (i = 0; i < sizeof(fails) / sizeof(fails[0]); i++)
		if (!strcmp(text, fail_str(fails[i])))
			out->fail = fails[i];
	while (!out->fail && (item = eval_next_item(&left))) {
		struct srv *r = &records[out->count++];
		unsigned priority, weight, port;
		if (sscanf(item, "%u:%u:%200[^:]:%u", &priority, &weight, r->target, &port) != 4)
			return eval_fail(c, "PRIORITY:WEIGHT:TARGET:PORT expected, not '%s'", item);
		r->priority = (uint16_t)priority;
		r->weight = (uint16_t)weight;
		r->port = (uint16_t)port;
		if (!strcmp(r->target, "."))
			*r->target = '\0';
	}
	return true;
}

static bool read_partner(struct eval_case *c, int row, int direct_tls, struct partner *out)
{
	int i;

	memset(out, 0, sizeof(*out));
	out->row = matrix_row_number(atoi(eval_text(c, row)));
	for (i = DIRECT_TLS_ALLOW; i <= DIRECT_TLS_NEVER; i++) {
		if (strcmp(eval_text(c, direct_tls), direct_tls_str((enum direct_tls)i)))
			continue;
		out->direct_tls = (enum direct_tls)i;
		return out->row || eval_fail(c, "no such row");
	}
	return eval_fail(c, "prefer, allow or never expected");
}

/* "HOST:PORT,HOST:PORT+tls!", with the reason before them where it is not SRV */
static void write_targets(const struct targets *t, char *out, size_t size)
{
	size_t i, used;

	used = t->by == TARGETS_BY_SRV ? 0
				       : (size_t)snprintf(out, size, "%s=", targets_by_str(t->by));
	for (i = 0; i < t->count; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s:%u%s%s", i ? "," : "",
					 t->items[i].target, t->items[i].port,
					 t->items[i].direct_tls ? "+tls" : "",
					 t->secure[i] ? "!" : "");
}

static bool choose(struct eval_case *c)
{
	struct srv records[2][RECORDS_MAX] = { 0 };
	struct targets_answer xmpp, xmpps;
	struct targets targets;
	struct partner partner;
	struct drawn d = { 0 };
	char got[1024] = "";
	enum fail fail;
	bool asks;

	if (!read_partner(c, 2, 3, &partner) || !read_answer(c, 4, records[0], &xmpp))
		return false;
	asks = strcmp(eval_text(c, 5), "-") != 0;
	if (asks != targets_may_direct_tls(&partner))
		return eval_fail(c, "_xmpps-server is %sasked for", asks ? "not " : "");
	if (asks && !read_answer(c, 5, records[1], &xmpps))
		return false;
	if (strcmp(eval_text(c, 1), "-"))
		d.left = c->fields[1].text;
	fail = targets_choose(&partner, DOMAIN, &xmpp, asks ? &xmpps : NULL, draw, &d, &targets);
	if (fail)
		snprintf(got, sizeof(got), "%s", fail_str(fail));
	else
		write_targets(&targets, got, sizeof(got));
	if (d.wrong)
		return eval_fail(c, "chance was asked for another number");
	if (eval_next_item(&d.left))
		return eval_fail(c, "chance was not asked for all numbers");
	return eval_expect(c, 0, got);
}

/* TARGETS|no known DOMAIN PROXY, PROXY being -, HOST:PORT or HOST:PORT+tls */
static bool known(struct eval_case *c)
{
	char host[JID_DOMAIN_SIZE], got[512] = "no";
	struct partner partner = { .row = matrix_row_number(1) };
	struct targets targets;
	unsigned port;

	if (sscanf(eval_text(c, 3), "%200[^:]:%u", host, &port) == 2) {
		partner.proxy_fqdn = host;
		partner.proxy_port = (uint16_t)port;
		partner.proxy_tls = strstr(eval_text(c, 3), "+tls") != NULL;
	}
	if (targets_are_known(&partner, eval_text(c, 2), &targets))
		write_targets(&targets, got, sizeof(got));
	return eval_expect(c, 0, got);
}

/* yes|no demand direct|starttls FAIL: is TLS demanded of all that follows a try that ended so? */
static bool demand(struct eval_case *c)
{
	struct srv target = { .direct_tls = !strcmp(eval_text(c, 2), "direct") };
	int i;

	for (i = FAIL_NONE + 1; i < FAIL_COUNT; i++)
		if (!strcmp(eval_text(c, 3), fail_str((enum fail)i)))
			return eval_expect_bool(c, 0, targets_demand_tls(&target, (enum fail)i));
	return eval_fail(c, "no such failure");
}

bool eval_targets(struct eval_case *c, void *ctx)
{
	(void)ctx;
	if (c->count == 4 && !strcmp(eval_text(c, 1), "known"))
		return known(c);
	if (c->count == 4 && !strcmp(eval_text(c, 1), "demand"))
		return demand(c);
	if (c->count == 6)
		return choose(c);
	return eval_fail(c, "TARGETS DRAWN ROW DIRECT-TLS XMPP XMPPS expected");
}
