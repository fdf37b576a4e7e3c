#include "inside/responder.h"

#include <string.h>

#include "xmpp/jid.h"
#include "xmpp/ns.h"
#include "xmpp/stanza_tree.h"

#define NS_PING "urn:xmpp:ping"
#define NS_VERSION "jabber:iq:version"
#define NS_DISCO_INFO "http://jabber.org/protocol/disco#info"
#define NS_DISCO_ITEMS "http://jabber.org/protocol/disco#items"
#define NS_FORM "jabber:x:data"
#define FORM_SERVERINFO "http://jabber.org/network/serverinfo"

/* What a request is answered with: a payload, or an error. */
struct answer {
	const struct responder_info *info;
	struct buf payload;
	const char *type; /* of the error; NULL = a result */
	const char *condition;
};

/* --- what is told --- */

static void field(struct buf *out, const char *var, const struct config_names *values)
{
	size_t i;

	if (!values->count)
		return;
	buf_addf(out, "<field var='%s' type='list-multi'>", var);
	for (i = 0; i < values->count; i++) {
		buf_adds(out, "<value>");
		buf_add_xml(out, values->items[i], strlen(values->items[i]));
		buf_adds(out, "</value>");
	}
	buf_adds(out, "</field>");
}

/* Nothing at all where no address is known. [XEP-0157 2, XEP-0128] */
static void contacts(struct buf *out, const struct config_domain *d)
{
	if (!d || !(d->abuse_addresses.count || d->admin_addresses.count ||
		    d->security_addresses.count || d->support_addresses.count))
		return;
	buf_adds(out,
		 "<x xmlns='" NS_FORM "' type='result'>"
		 "<field var='FORM_TYPE' type='hidden'><value>" FORM_SERVERINFO "</value></field>");
	field(out, "abuse-addresses", &d->abuse_addresses);
	field(out, "admin-addresses", &d->admin_addresses);
	field(out, "security-addresses", &d->security_addresses);
	field(out, "support-addresses", &d->support_addresses);
	buf_adds(out, "</x>");
}

/*
 * The registry's gateway/xmpp is a transport on which people register an account elsewhere (XEP-0100), and clients show it as
 * one. To a partner the domain is a server, like any other that it federates with.
 */
static void disco_info(struct answer *a)
{
	struct buf *out = &a->payload;

	buf_adds(out, "<query xmlns='" NS_DISCO_INFO "'>"
		      "<identity category='server' type='im' name='fedgate'/>"
		      "<feature var='" NS_DISCO_INFO "'/><feature var='" NS_DISCO_ITEMS "'/>"
		      "<feature var='" NS_VERSION "'/><feature var='" NS_PING "'/>");
	contacts(out, a->info->domain);
	buf_adds(out, "</query>");
}

static void version(struct answer *a)
{
	buf_adds(&a->payload, "<query xmlns='" NS_VERSION "'><name>fedgate</name><version>");
	buf_add_xml(&a->payload, a->info->version, strlen(a->info->version));
	buf_adds(&a->payload, "</version></query>");
}

/* --- what is asked --- */

static void refuse(struct answer *a, const char *type, const char *condition)
{
	a->type = type;
	a->condition = condition;
}

/* No node is known here but the domain itself. [XEP-0030 7] */
static bool has_node(struct answer *a, const struct element *query)
{
	if (!element_attribute(query, "node"))
		return false;
	refuse(a, "cancel", "item-not-found");
	return true;
}

static void answer_get(struct answer *a, const struct element *query)
{
	if (element_is(query, NS_PING, "ping")) /* an empty result [XEP-0199 4] */
		return;
	if (element_is(query, NS_VERSION, "query")) {
		version(a);
	} else if (element_is(query, NS_DISCO_INFO, "query")) {
		if (!has_node(a, query))
			disco_info(a);
	} else if (element_is(query, NS_DISCO_ITEMS, "query")) {
		if (!has_node(a, query))
			buf_adds(&a->payload, "<query xmlns='" NS_DISCO_ITEMS "'/>");
	} else {
		refuse(a, "cancel", "service-unavailable");
	}
}

static void read_request(void *context, const struct element *root)
{
	struct answer *a = context;

	if (!root->children || root->children->next) /* [RFC6120 8.2.3] */
		refuse(a, "modify", "bad-request");
	else if (!strcmp(element_attribute(root, "type"), "get"))
		answer_get(a, root->children);
	else
		refuse(a, "cancel", "service-unavailable");
}

static bool is_type(const struct stanza *s, const char *type)
{
	const char *given = stanza_type(s);

	return given && !strcmp(given, type);
}

static bool is_request(const struct stanza *s)
{
	return stanza_kind(s) == STANZA_IQ && (is_type(s, "get") || is_type(s, "set"));
}

bool responder_is_asked(const struct stanza *s)
{
	const char *to = stanza_to(s);
	char domain[JID_DOMAIN_SIZE];
	bool bare;

	return is_request(s) && to && !jid_domain_of(to, strlen(to), domain, &bare) && bare;
}

static struct stanza *answer_request(const struct stanza *s, const struct responder_info *info)
{
	struct answer a = { .info = info };
	struct stanza_root root = {
		.kind = STANZA_IQ,
		.type = "result",
		.id = stanza_id(s),
		.from = stanza_to(s),
		.to = stanza_from(s),
	};
	struct stanza *answer = NULL;

	buf_init(&a.payload, BUF_MAX_DEFAULT);
	if (!stanza_id(s))
		refuse(&a, "modify", "bad-request");
	else if (stanza_tree(s, read_request, &a))
		refuse(&a, "wait", "resource-constraint");
	if (a.type)
		answer = stanza_bounce(s, a.type, a.condition, NULL);
	else if (!buf_failed(&a.payload))
		answer = stanza_new(&root, a.payload.data, a.payload.len);
	buf_fini(&a.payload);
	return answer;
}

/*
 * A server that knows its accounts is silent about presence to one that does not exist [RFC6121 8.5.1]. We know none; and to
 * answer a probe with "unsubscribed" would take contacts off the lists of a partner's people because something inside is being
 * restarted. Only who asks to subscribe waits for a person's answer and learns that it will not come [RFC6121 3.1.2].
 */
static bool is_dropped(const struct stanza *s)
{
	switch (stanza_kind(s)) {
	case STANZA_IQ:
		return false;
	case STANZA_MESSAGE:
		return is_type(s, "headline");
	case STANZA_PRESENCE:
		return !is_type(s, "subscribe");
	}
	return true;
}

struct stanza *responder_answer(const struct stanza *s, const struct responder_info *info)
{
	if (stanza_is_final(s) || is_dropped(s))
		return NULL;
	if (responder_is_asked(s))
		return answer_request(s, info);
	if (stanza_kind(s) == STANZA_IQ && !is_request(s)) /* [RFC6120 8.2.3] */
		return stanza_bounce(s, "modify", "bad-request", NULL);
	return stanza_bounce(s, "cancel", "service-unavailable", NULL);
}
