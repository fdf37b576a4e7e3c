/* What is remembered of partners, as JSON: certificates, pin. */
#include <string.h>

#include "admin/calendar.h"
#include "answers_int.h"
#include "base/clock.h"
#include "report_int.h"

static void set_int(json_t *o, const char *key, int64_t value)
{
	json_object_set_new(o, key, json_integer(value));
}

static void set_str(json_t *o, const char *key, const char *value)
{
	json_object_set_new(o, key, report_json_string(value));
}

static void set_leaf(json_t *o, const struct cert_leaf *leaf, const char *names)
{
	char text[CERT_KEY_TEXT];

	cert_key_str(leaf->key, text);
	set_str(o, "key", text);
	set_str(o, "issuer", leaf->issuer);
	set_str(o, "serial", leaf->serial);
	set_str(o, "names", names);
	cert_usages_str(leaf->usages, text);
	set_str(o, "usages", text); /* "" = not limited */
	set_int(o, "not-before", leaf->not_before);
	set_int(o, "not-after", leaf->not_after);
}

/* ---- certificates ---- */

static void add_certificate(void *context, const struct calendar_entry *e)
{
	json_t *o = json_object();

	set_str(o, "whose", e->ours ? "ours" : "partner");
	set_str(o, "domain", e->domain);
	json_object_set_new(o, "direction",
			    e->ours ? json_null() : report_json_string(e->direction));
	set_leaf(o, &e->leaf, e->names);
	set_int(o, "days-left", e->days);
	json_object_set_new(o, "warning", json_boolean(e->warns));
	json_object_set_new(o, "note", *e->note ? report_json_string(e->note) : json_null());
	json_array_append_new(context, o);
}

json_t *answers_certificates(const struct answers *a)
{
	json_t *o = json_object(), *list = json_array();

	set_int(o, "warning-days", gateway_config(a->gateway)->gateway.certificate_warning_days);
	calendar_each(a->gateway, clock_wall(), add_certificate, list);
	json_object_set_new(o, "certificates", list);
	return o;
}

/* ---- pin ---- */

static json_t *json_key(const struct trust_key *key)
{
	json_t *o;

	if (!key->known)
		return json_null();
	o = json_object();
	set_leaf(o, &key->leaf, key->names);
	set_int(o, "first-seen", key->first);
	set_int(o, "last-seen", key->last);
	return o;
}

static json_t *json_method(enum method method)
{
	return method == METHOD_NONE ? json_null() : report_json_string(method_str(method));
}

static json_t *json_side(const struct trust_side *side)
{
	json_t *o = json_object();

	json_object_set_new(o, "pinned", json_key(&side->pinned));
	json_object_set_new(o, "seen", json_key(&side->seen));
	set_int(o, "key-changes", (int64_t)side->key_changes);
	json_object_set_new(o, "best-method", json_method(side->best));
	json_object_set_new(o, "last-method", json_method(side->last));
	set_int(o, "downgrades", (int64_t)side->downgrades);
	return o;
}

static json_t *json_attempts(const struct trust_entry *e)
{
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < e->attempt_count; i++) {
		const struct trust_attempt *a = &e->attempts[i];
		json_t *o = json_object();
		set_int(o, "at", a->at);
		set_str(o, "direction", a->role == ROLE_RECEIVING ? "in" : "out");
		json_object_set_new(o, "method", json_method(a->method));
		json_object_set_new(o, "failure",
				    a->fail ? report_json_string(fail_str(a->fail)) : json_null());
		set_str(o, "certificate",
			!*a->tls_version ? ""
			: a->certificate ? fail_str(a->certificate)
					 : "valid");
		set_int(o, "took-ms", (int64_t)a->took_ms);
		set_int(o, "row", a->row);
		set_str(o, "address", a->address);
		set_str(o, "tls", a->tls_version);
		json_array_append_new(list, o);
	}
	return list;
}

/* How many keys were changed by what the operator asks for; negative, with the reason, where that cannot be. */
static int act(struct keeper *k, const struct answers_pending *p, const char **why)
{
	int changed = 0;

	if (p->action == ANSWERS_ACCEPT) {
		changed = keeper_accept(k, p->domain, p->key);
		if (changed < 0)
			*why = *p->key ? "no key that begins so was seen last; at least 8 digits "
					 "are needed"
				       : "no key of that domain was seen";
	} else if (p->action == ANSWERS_FORGET && !keeper_forget(k, p->domain)) {
		changed = -FAIL_INVALID_ARGUMENT;
		*why = "nothing is remembered of that domain";
	}
	return changed;
}

json_t *answers_pin(const struct answers *a, const struct answers_pending *p, const char **why)
{
	struct keeper *k = gateway_keeper(a->gateway);
	const struct policy *policy = &gateway_config(a->gateway)->policy;
	const struct partner *partner = policy_partner(policy, p->domain, NULL, NULL);
	int changed = act(k, p, why);
	const struct trust_entry *e = keeper_find(k, p->domain);
	json_t *o;

	if (changed < 0)
		return NULL;
	o = json_object();
	set_str(o, "domain", p->domain);
	json_object_set_new(o, "pin",
			    partner ? report_json_string(pin_mode_str(partner->pin)) : json_null());
	json_object_set_new(o, "ratchet", partner ? json_boolean(partner->ratchet) : json_null());
	json_object_set_new(o, "known", json_boolean(e != NULL));
	set_int(o, "changed", changed);
	if (!e)
		return o;
	json_object_set_new(o, "in", json_side(&e->sides[ROLE_RECEIVING]));
	json_object_set_new(o, "out", json_side(&e->sides[ROLE_INITIATING]));
	json_object_set_new(o, "attempts", json_attempts(e));
	return o;
}
