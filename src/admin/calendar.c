#include "admin/calendar.h"

#include <string.h>
#include <time.h>

#include "base/log.h"
#include "net/x509.h"

#define DAY INT64_C(86400)

static const char waits[] =
	"its file holds another certificate than the one in use: reload or restart fedgated";
static const char refused[] = "its key is not the pinned one: it does not count as valid";
static const char servers_only[] =
	"it may identify servers only: some partners refuse it when we connect to them";

struct walk {
	struct gateway *gateway;
	int64_t now;
	calendar_fn fn;
	void *context;
};

static void give(const struct walk *w, struct calendar_entry *e)
{
	int64_t left = e->leaf.not_after - w->now;

	e->days = left >= 0 ? left / DAY : -((-left + DAY - 1) / DAY);
	e->warns = *e->note ||
		   e->days < (int64_t)gateway_config(w->gateway)->gateway.certificate_warning_days;
	w->fn(w->context, e);
}

/* ---- ours ---- */

/* Does the file hold what is in use? One that cannot be read says nothing. */
static bool is_in_use(const char *path, const struct cert_leaf *used, int64_t now)
{
	struct config_files files = config_files_system();
	char error[X509_TEXT_SIZE];
	struct x509_chain chain;
	struct config_file file;
	bool same = true;

	if (files.read(files.context, path, CONFIG_PEM_MAX, &file))
		return true;
	if (!x509_chain_read(&chain, file.data, file.len, now, error)) {
		same = !memcmp(chain.leaf.key, used->key, CERT_KEY_SIZE) &&
		       !strcmp(chain.leaf.serial, used->serial) &&
		       chain.leaf.not_after == used->not_after;
		x509_chain_fini(&chain);
	}
	config_file_fini(&file);
	return same;
}

static void give_ours(const struct walk *w, const struct config_domain *d, size_t index)
{
	struct calendar_entry e;

	memset(&e, 0, sizeof(e));
	if (!gateway_certificate(w->gateway, d->base.name, index, &e.leaf, e.names))
		return;
	e.ours = true;
	strcpy(e.domain, d->base.name);
	e.direction = "";
	e.note = "";
	if (!is_in_use(d->certificate.items[index], &e.leaf, w->now))
		e.note = waits;
	else if (e.leaf.usages && !(e.leaf.usages & (CERT_USAGE_CLIENT | CERT_USAGE_ANY)))
		e.note = servers_only;
	give(w, &e);
}

/* ---- the partners' ---- */

static bool is_same(const struct trust_key *a, const struct trust_key *b)
{
	return a->known && b->known && !memcmp(a->leaf.key, b->leaf.key, CERT_KEY_SIZE) &&
	       !strcmp(a->leaf.serial, b->leaf.serial);
}

static bool is_refused(const struct walk *w, const struct trust_entry *from,
		       const struct trust_side *side)
{
	const struct policy *policy = &gateway_config(w->gateway)->policy;
	const struct partner *p = policy_partner(policy, from->domain, NULL, NULL);

	return p && p->pin == PIN_ENFORCE && side->pinned.known &&
	       memcmp(side->pinned.leaf.key, side->seen.leaf.key, CERT_KEY_SIZE);
}

static void give_partner(const struct walk *w, const struct trust_entry *from, unsigned at,
			 const char *direction)
{
	const struct trust_side *side = &from->sides[at];
	struct calendar_entry e;

	if (!side->seen.known)
		return;
	memset(&e, 0, sizeof(e));
	strcpy(e.domain, from->domain);
	e.direction = direction;
	e.leaf = side->seen.leaf;
	strcpy(e.names, side->seen.names);
	e.note = is_refused(w, from, side) ? refused : "";
	give(w, &e);
}

static void give_entry(void *context, const struct trust_entry *from)
{
	const struct walk *w = context;
	const struct trust_side *in = &from->sides[ROLE_RECEIVING];
	const struct trust_side *out = &from->sides[ROLE_INITIATING];

	if (is_same(&in->seen, &out->seen) && is_refused(w, from, in) == is_refused(w, from, out)) {
		give_partner(w, from, ROLE_RECEIVING, "both");
		return;
	}
	give_partner(w, from, ROLE_RECEIVING, "in");
	give_partner(w, from, ROLE_INITIATING, "out");
}

void calendar_each(struct gateway *g, int64_t now, calendar_fn fn, void *context)
{
	const struct config *c = gateway_config(g);
	struct walk w = { g, now, fn, context };
	size_t i, k;

	for (i = 0; i < c->domain_count; i++)
		for (k = 0; k < c->domains[i].certificate.count; k++)
			give_ours(&w, &c->domains[i], k);
	keeper_each(gateway_keeper(g), give_entry, &w);
}

/* ---- the log ---- */

static void log_entry(void *context, const struct calendar_entry *e)
{
	struct gateway *g = context;
	unsigned limit = gateway_config(g)->gateway.certificate_warning_days;
	char text[CERT_KEY_TEXT];
	struct log_line l;
	struct tm tm;
	time_t end = (time_t)e->leaf.not_after;

	if (e->days >= (int64_t)limit)
		return;
	log_begin(&l, LOG_LEVEL_WARNING, "certificate-expires");
	log_str(&l, "whose", e->ours ? "ours" : "partner");
	log_str(&l, e->ours ? "local" : "remote", e->domain);
	if (!e->ours)
		log_str(&l, "dir", e->direction);
	log_int(&l, "days", (long long)e->days);
	if (gmtime_r(&end, &tm) && strftime(text, sizeof(text), "%Y-%m-%d", &tm))
		log_str(&l, "expires", text);
	log_str(&l, "issuer", e->leaf.issuer);
	cert_key_str(e->leaf.key, text);
	log_str(&l, "key", text);
	if (*e->note)
		log_str(&l, "text", e->note);
	gateway_log(g, &l);
}

void calendar_log(struct gateway *g, int64_t now)
{
	calendar_each(g, now, log_entry, g);
}
