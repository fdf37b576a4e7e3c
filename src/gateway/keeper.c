#include "gateway/keeper.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "gateway/trust_store.h"
#include "keeper_int.h"
#include "policy/choose.h"

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static struct kept *find(const struct keeper *k, const char *domain)
{
	void *found = tfind(domain, &k->by_domain, compare_names);

	return found ? *(struct kept **)found : NULL;
}

/* ---- what the workers hear ---- */

static void tell(struct keeper *k, const struct trust_entry *e)
{
	struct memory_facts facts;
	unsigned i;

	memset(&facts, 0, sizeof(facts));
	for (i = 0; i < MEMORY_SIDES; i++) {
		const struct trust_side *side = &e->sides[i];
		facts.sides[i].best = side->best;
		facts.sides[i].pinned = side->pinned.known;
		if (side->pinned.known)
			memcpy(facts.sides[i].key, side->pinned.leaf.key, MEMORY_KEY_SIZE);
	}
	k->hooks->changed(k->context, e->domain, &facts);
}

/* ---- the table ---- */

static const struct partner *partner_of(const struct keeper *k, const char *domain,
					enum partner_match *match)
{
	return policy_partner(k->hooks->policy(k->context), domain, match, NULL);
}

/* Named by the configuration itself: nobody else can make it forgotten. */
static bool is_named(const struct keeper *k, const char *domain)
{
	enum partner_match match;

	return partner_of(k, domain, &match) &&
	       (match == PARTNER_EXACT || match == PARTNER_ADDITIONAL);
}

static void take_out(struct keeper *k, struct kept *e)
{
	struct kept **at = &k->all;

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	tdelete(e->entry.domain, &k->by_domain, compare_names);
	k->count--;
	k->hooks->changed(k->context, e->entry.domain, NULL);
	keeper_remove_later(k, e->entry.domain);
	free(e);
}

static void forget_one(struct keeper *k)
{
	struct kept *e, *oldest = NULL;

	for (e = k->all; e; e = e->next)
		if ((!oldest || e->entry.heard < oldest->entry.heard) &&
		    !is_named(k, e->entry.domain))
			oldest = e;
	if (oldest)
		take_out(k, oldest);
}

static struct kept *add(struct keeper *k, const char *domain)
{
	struct kept *e;

	if (k->count >= KEEPER_DOMAINS_MAX)
		forget_one(k);
	e = mem_new(sizeof(*e));
	strcpy(e->entry.domain, domain);
	tsearch(e, &k->by_domain, compare_names);
	e->next = k->all;
	k->all = e;
	k->count++;
	return e;
}

/* One of the store's. What was learnt in the meantime is newer. */
void keeper_loaded(void *context, const struct trust_entry *entry)
{
	struct keeper *k = context;
	struct kept *e;

	if (find(k, entry->domain) || keeper_is_gone(k, entry->domain))
		return;
	if (k->count >= KEEPER_DOMAINS_MAX && !is_named(k, entry->domain))
		return;
	e = add(k, entry->domain);
	e->entry = *entry;
	tell(k, &e->entry);
}

/* ---- what is said ---- */

static void begin(const struct keeper *k, struct log_line *l, enum log_level level, const char *ev,
		  const struct lesson *lesson)
{
	(void)k;
	log_begin(l, level, ev);
	log_str(l, "dir", lesson->role == ROLE_RECEIVING ? "in" : "out");
	log_str(l, "remote", lesson->remote);
}

static void add_key(struct log_line *l, const char *which, const struct cert_leaf *leaf,
		    const char *names)
{
	char name[32], text[CERT_KEY_TEXT], day[KEEPER_DAY];

	cert_key_str(leaf->key, text);
	snprintf(name, sizeof(name), "%s-key", which);
	log_str(l, name, text);
	snprintf(name, sizeof(name), "%s-issuer", which);
	log_str(l, name, leaf->issuer);
	snprintf(name, sizeof(name), "%s-expires", which);
	log_str(l, name, keeper_day(leaf->not_after, day));
	snprintf(name, sizeof(name), "%s-names", which);
	log_str(l, name, names);
	cert_usages_str(leaf->usages, text);
	snprintf(name, sizeof(name), "%s-usages", which);
	log_str(l, name, *text ? text : "not limited");
}

static void log_change(const struct keeper *k, const struct lesson *lesson,
		       const struct trust_key *old, bool key, bool back, enum pin_mode mode)
{
	struct log_line l;

	begin(k, &l, key && !back ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
	      key ? "partner-key-changed" : "partner-certificate-renewed", lesson);
	if (key)
		log_str(&l, "pin", pin_mode_str(mode));
	add_key(&l, "old", &old->leaf, old->names);
	add_key(&l, "new", &lesson->leaf, lesson->names);
	if (key)
		log_str(&l, "text",
			mode == PIN_ENFORCE
				? "The certificate does not count as valid; if the partner "
				  "confirms the new key: fedgatectl pin DOMAIN --accept KEY"
				: "The partner's certificate has another key than before.");
	k->hooks->log(k->context, &l);
}

static void log_downgrade(const struct keeper *k, const struct lesson *lesson, enum method best)
{
	struct log_line l;

	begin(k, &l, LOG_LEVEL_WARNING, "downgrade", lesson);
	log_str(&l, "best", method_str(best));
	log_str(&l, "method", method_str(lesson->method));
	log_str(&l, "refused", lesson->fail == FAIL_DOWNGRADE_REFUSED ? "yes" : "no");
	log_str(&l, "text",
		"The partner came by a weaker method than it used before; somebody may be between "
		"us, or its certificate may have a fault.");
	k->hooks->log(k->context, &l);
}

/* ---- learning ---- */

static bool is_same(const struct trust_key *key, const struct cert_leaf *leaf)
{
	return key->known && !memcmp(key->leaf.key, leaf->key, CERT_KEY_SIZE);
}

static void set_key(struct trust_key *to, const struct lesson *lesson)
{
	if (!is_same(to, &lesson->leaf))
		to->first = lesson->at;
	to->known = true;
	to->leaf = lesson->leaf;
	strcpy(to->names, lesson->names);
	to->last = lesson->at;
}

/* True where what the workers know has changed. */
static bool learn_key(struct keeper *k, struct trust_side *side, const struct lesson *lesson,
		      enum pin_mode mode)
{
	bool news = !is_same(&side->seen, &lesson->leaf);
	bool expected = is_same(&side->pinned, &lesson->leaf);
	bool moved = false;

	if (mode == PIN_OFF) {
		moved = side->pinned.known;
		side->pinned.known = false;
	} else if (!side->pinned.known) {
		moved = lesson->fail == FAIL_NONE;
	} else if (!expected) {
		if (news) {
			/* two hosts of one partner, each with a key of its own, are told of once */
			bool back = mode == PIN_OBSERVE && is_same(&side->former, &lesson->leaf);
			side->key_changes++;
			log_change(k, lesson, &side->pinned, true, back, mode);
		}
		moved = mode == PIN_OBSERVE && lesson->fail == FAIL_NONE;
	} else if (strcmp(side->pinned.leaf.serial, lesson->leaf.serial)) {
		log_change(k, lesson, &side->pinned, false, false, mode);
	}
	set_key(&side->seen, lesson);
	if (moved && side->pinned.known)
		side->former = side->pinned;
	if (mode != PIN_OFF && (moved || expected))
		set_key(&side->pinned, lesson);
	return moved;
}

static bool learn_method(struct keeper *k, struct trust_side *side, const struct lesson *lesson,
			 const struct partner *partner)
{
	bool opened = lesson->fail == FAIL_NONE;

	if (lesson->fail == FAIL_DOWNGRADE_REFUSED ||
	    (opened && choose_is_downgrade(partner->row, side->best, lesson->method))) {
		side->downgrades++;
		log_downgrade(k, lesson, side->best);
	}
	if (!opened)
		return false;
	side->last = lesson->method;
	if (side->best != METHOD_NONE && side->best <= lesson->method)
		return false;
	side->best = lesson->method;
	return true;
}

void keeper_learn(struct keeper *k, const struct lesson *lesson)
{
	const struct partner *partner = partner_of(k, lesson->remote, NULL);
	struct kept *e = find(k, lesson->remote);
	struct trust_side *side;
	bool news;

	/* who was not authorised is known already, or stays a stranger */
	if (!partner || (!e && lesson->fail))
		return;
	if (!e)
		e = add(k, lesson->remote);
	side = &e->entry.sides[lesson->role];
	e->entry.heard = lesson->at;
	news = learn_method(k, side, lesson, partner);
	if (lesson->certificate && learn_key(k, side, lesson, partner->pin))
		news = true;
	if (news)
		tell(k, &e->entry);
	keeper_write_later(k, e);
}

void keeper_attempt(struct keeper *k, const struct attempt *a)
{
	struct kept *e = find(k, a->remote);
	struct trust_attempt *to;

	/* anybody can claim to be any domain */
	if (!e && !is_named(k, a->remote))
		return;
	if (!e)
		e = add(k, a->remote);
	if (e->entry.attempt_count == TRUST_ATTEMPTS_MAX) {
		e->entry.attempt_count--;
		memmove(e->entry.attempts, e->entry.attempts + 1,
			e->entry.attempt_count * sizeof(*to));
	}
	to = &e->entry.attempts[e->entry.attempt_count++];
	*to = (struct trust_attempt){
		.role = a->role,
		.at = a->at,
		.took_ms = a->took_ms,
		.fail = a->fail,
		.method = a->method,
		.certificate = a->certificate,
		.row = a->row,
	};
	strcpy(to->address, a->address);
	strcpy(to->tls_version, a->tls_version);
	if (a->at > e->entry.heard)
		e->entry.heard = a->at;
	keeper_write_later(k, e);
}

/* ---- the operator ---- */

const struct trust_entry *keeper_find(const struct keeper *k, const char *domain)
{
	const struct kept *e = find(k, domain);

	return e ? &e->entry : NULL;
}

void keeper_each(const struct keeper *k, void (*fn)(void *context, const struct trust_entry *entry),
		 void *context)
{
	const struct kept *e;

	for (e = k->all; e; e = e->next)
		fn(context, &e->entry);
}

static void log_operator(const struct keeper *k, const char *ev, const char *domain, unsigned side,
			 const struct trust_key *key)
{
	struct log_line l;

	log_begin(&l, LOG_LEVEL_NOTICE, ev);
	if (key)
		log_str(&l, "dir", side == ROLE_RECEIVING ? "in" : "out");
	log_str(&l, "remote", domain);
	if (key)
		add_key(&l, "new", &key->leaf, key->names);
	k->hooks->log(k->context, &l);
}

static bool is_meant(const struct trust_key *key, const char *digits)
{
	char text[CERT_KEY_TEXT];

	cert_key_str(key->leaf.key, text);
	return key->known && !strncmp(text, digits, strlen(digits));
}

int keeper_accept(struct keeper *k, const char *domain, const char *key)
{
	struct kept *e = find(k, domain);
	int changed = 0;
	bool met = false;
	unsigned i;

	if (!e || (*key && strlen(key) < KEEPER_KEY_PREFIX_MIN))
		return -FAIL_INVALID_ARGUMENT;
	for (i = 0; i < MEMORY_SIDES; i++) {
		struct trust_side *side = &e->entry.sides[i];
		if (!is_meant(&side->seen, key))
			continue;
		met = true;
		if (is_same(&side->pinned, &side->seen.leaf))
			continue;
		side->former = side->pinned;
		side->pinned = side->seen;
		log_operator(k, "pin-accepted", domain, i, &side->pinned);
		changed++;
	}
	if (!met)
		return -FAIL_INVALID_ARGUMENT;
	if (changed) {
		tell(k, &e->entry);
		keeper_write_later(k, e);
	}
	return changed;
}

bool keeper_forget(struct keeper *k, const char *domain)
{
	struct kept *e = find(k, domain);

	if (!e)
		return false;
	log_operator(k, "partner-forgotten", domain, 0, NULL);
	take_out(k, e);
	return true;
}
