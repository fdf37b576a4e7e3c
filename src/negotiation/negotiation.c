/* What both roles share: the object, what handlers are made of, the step. The table is table.c. */
#include "negotiation/negotiation.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "negotiation_int.h"
#include "trust/pin.h"
#include "trust/verdict.h"
#include "xmpp/compose.h"
#include "xmpp/ns.h"

/* What one step may write: a header, features, an answer. */
#define OUTPUT_MAX 65536

void negotiation_output_init(struct negotiation_output *out)
{
	memset(out, 0, sizeof(*out));
	buf_init(&out->bytes, OUTPUT_MAX);
}

void negotiation_output_fini(struct negotiation_output *out)
{
	buf_fini(&out->bytes);
}

struct negotiation *negotiation_new(const struct negotiation_config *config)
{
	struct negotiation *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->config = *config;
	if (!n->config.pairs_max)
		n->config.pairs_max = NEGOTIATION_PAIRS_DEFAULT;
	if (config->role == ROLE_INITIATING) {
		strcpy(n->local, config->local); /* both are in normal form: they fit */
		strcpy(n->remote, config->remote);
		n->partner = policy_partner(config->policy, config->remote, NULL, NULL);
	}
	return n;
}

void negotiation_free(struct negotiation *n)
{
	if (!n)
		return;
	verifies_free(n);
	free(n->pairs);
	free(n->stream_id);
	free(n->sasl_data);
	free(n->key);
	free(n);
}

/* The one place where the state changes. */
void negotiation_enter(struct negotiation *n, enum negotiation_state state)
{
	struct negotiation_output *out = n->out;

	if (n->state == state)
		return;
	out->notes[out->note_count].from = n->state;
	out->notes[out->note_count++].to = state;
	n->state = state;
}

struct negotiation_action *negotiation_act(struct negotiation *n, enum negotiation_action_type type)
{
	struct negotiation_action *a = &n->out->actions[n->out->action_count++];

	memset(a, 0, sizeof(*a));
	a->type = type;
	return a;
}

struct buf *negotiation_write(struct negotiation *n)
{
	return &n->out->bytes;
}

/* Turns what was appended into a WRITE action, or lengthens the one before. */
void negotiation_written(struct negotiation *n)
{
	struct negotiation_output *out = n->out;
	struct negotiation_action *a = NULL;
	size_t done = 0;
	unsigned i;

	for (i = 0; i < out->action_count; i++) {
		if (out->actions[i].type != ACTION_WRITE)
			continue;
		a = &out->actions[i];
		done = a->offset + a->len;
	}
	if (!a || a != &out->actions[out->action_count - 1]) {
		a = negotiation_act(n, ACTION_WRITE);
		a->offset = done;
	}
	a->len = out->bytes.len - a->offset;
}

void negotiation_write_header(struct negotiation *n)
{
	struct compose_header header = {
		/* "" where the peer named none of ours [RFC6120 4.9.1.3] */
		.from = *n->local || !n->headed ? n->local : NULL,
		.to = *n->remote ? n->remote : NULL,
		.id = n->config.role == ROLE_RECEIVING ? n->stream_id : NULL,
		.version = !n->old,
	};

	compose_header(negotiation_write(n), &header);
	n->header_sent = true;
	negotiation_written(n);
}

static void dead(struct negotiation *n, enum fail fail, bool abrupt)
{
	struct negotiation_action *a;

	n->fail = fail;
	negotiation_enter(n, NEGOTIATION_DEAD);
	a = negotiation_act(n, ACTION_CLOSE);
	a->fail = fail;
	a->abrupt = abrupt;
}

static bool may_write(const struct negotiation *n)
{
	return n->state != NEGOTIATION_NEW && n->state != NEGOTIATION_TLS &&
	       n->state != NEGOTIATION_CLOSING;
}

void negotiation_fail(struct negotiation *n, enum fail fail)
{
	const struct fail_info *info = fail_info(fail);
	bool xml = *info->stream_error && may_write(n);

	if (xml) {
		if (!n->header_sent) /* an error needs a stream around it [RFC6120 4.9.1.2] */
			negotiation_write_header(n);
		compose_stream_error(negotiation_write(n), info->stream_error,
				     info->visible ? info->text : NULL,
				     fail == FAIL_XML_TOO_BIG ? "stanza-too-big" : NULL);
		compose_footer(negotiation_write(n));
		negotiation_written(n);
		n->errors_sent++;
	}
	dead(n, fail, !xml);
}

void negotiation_end(struct negotiation *n, enum fail fail)
{
	bool xml = may_write(n) && n->header_sent;

	if (xml) {
		compose_footer(negotiation_write(n));
		negotiation_written(n);
	}
	dead(n, fail, !xml && n->state != NEGOTIATION_CLOSING);
}

void negotiation_dropped(struct negotiation *n, enum fail fail)
{
	negotiation_act(n, ACTION_DROPPED)->fail = fail;
}

bool negotiation_answers(struct negotiation *n, const struct negotiation_event *ev)
{
	bool answers = n->ticket && n->ticket == ev->ticket;

	if (answers)
		n->ticket = 0;
	return answers;
}

static struct negotiation_action *ask(struct negotiation *n, enum negotiation_state state,
				      enum negotiation_action_type type)
{
	struct negotiation_action *a;

	n->ticket = ++n->last_ticket;
	negotiation_enter(n, state);
	a = negotiation_act(n, type);
	a->ticket = n->ticket;
	a->local = n->local;
	a->remote = n->remote;
	return a;
}

void negotiation_ask_certificate(struct negotiation *n)
{
	n->certificate = NULL;
	n->dane = NULL;
	ask(n, NEGOTIATION_CERTIFICATE, ACTION_ASK_CERTIFICATE);
}

void negotiation_take_certificate(struct negotiation *n, const struct negotiation_event *ev)
{
	n->certificate = ev->certificate;
	n->dane = ev->dane;
	n->verification = ev->verification;
	n->weak = ev->weak;
}

void negotiation_ask_sasl(struct negotiation *n, bool first, unsigned char *data, size_t len)
{
	struct negotiation_action *a = ask(n, NEGOTIATION_SASL, ACTION_ASK_SASL);

	free(n->sasl_data);
	n->sasl_data = data;
	a->first = first;
	a->data = data;
	a->data_len = len;
}

enum fail negotiation_judge(const struct negotiation *n, const struct cert_facts *facts,
			    const struct dane_facts *dane, const char *domain)
{
	const struct partner *partner = policy_partner(n->config.policy, domain, NULL, NULL);
	const struct memory_side *known = memory_find(n->config.memory, domain, n->config.role);
	enum partner_dane asked = partner ? partner->dane : PARTNER_DANE_OFF;
	enum fail fail = verdict_of(facts, asked == PARTNER_DANE_OFF ? NULL : dane,
				    asked == PARTNER_DANE_REQUIRED, domain)
				 .fail;

	if (fail || !partner || partner->pin != PIN_ENFORCE)
		return fail;
	return pin_judge(known && known->pinned ? known->key : NULL, facts->leaf);
}

/* The certificate and TLS were looked at by the settings of the stream's own partner. Another that has settings of its own
 * cannot be told by them. */
static void judge_tls(const struct negotiation *n, const char *domain, struct choose_facts *facts)
{
	const struct policy *policy = n->config.policy;
	const struct partner *partner =
		*domain ? policy_partner(policy, domain, NULL, NULL) : policy_everyone(policy);
	bool foreign = partner && partner->verification != n->verification;

	facts->certificate = negotiation_judge(n, n->certificate, n->dane, domain);
	if (!facts->certificate && foreign)
		facts->certificate = FAIL_CERT_SETTINGS;
	facts->weak = foreign ? partner->tls_floor : n->weak;
}

struct choose_facts negotiation_facts(const struct negotiation *n, const char *domain)
{
	const struct local_domain *local = policy_local(n->config.policy, n->local);
	const struct memory_side *known = memory_find(n->config.memory, domain, n->config.role);
	struct choose_facts facts = {
		.tls = n->tls,
		.can_tls = n->config.role == ROLE_INITIATING || (local && local->certificate),
		.certificate = FAIL_CERT_MISSING,
		.external_failed = n->external_failed,
		.verify_only = n->config.verify_only,
		.tls_demanded = n->config.tls_demanded,
		.old = n->old,
		.best = known ? known->best : METHOD_NONE,
	};

	if (n->tls)
		judge_tls(n, domain, &facts);
	return facts;
}

/* [RFC6120 4.7.5, 4.8] */
enum fail negotiation_check_header(struct negotiation *n, const struct xml_header *header)
{
	const char *version = header->version;

	n->old = !version;
	if (strcmp(header->content_ns, NS_SERVER))
		return FAIL_XML_NAMESPACE;
	/* minor versions are compatible, another major is not; and there is no other */
	if (version && (strncmp(version, "1.", 2) || !version[2] ||
			version[2 + strspn(version + 2, "0123456789")]))
		return FAIL_UNSUPPORTED_VERSION;
	return FAIL_NONE;
}

enum fail negotiation_set_id(struct negotiation *n, const char *id)
{
	char *copy;

	/* a space would join two fields of a dialback key */
	if (!id || !*id || strlen(id) > NEGOTIATION_KEY_MAX || strpbrk(id, " \t\r\n"))
		return FAIL_STREAM_ID;
	copy = strdup(id);
	if (!copy)
		return FAIL_NO_MEMORY;
	free(n->stream_id);
	n->stream_id = copy;
	return FAIL_NONE;
}

bool negotiation_domain(const char *text, char out[JID_DOMAIN_SIZE])
{
	bool bare;

	return text && !jid_domain_of(text, strlen(text), out, &bare) && bare;
}

enum fail negotiation_sasl_data(const struct element *e, bool equals, unsigned char **out,
				size_t *len)
{
	unsigned char *data;

	*out = NULL;
	*len = 0;
	if (!e->text_len)
		return FAIL_NONE;
	data = calloc(1, e->text_len + 1);
	if (!data)
		return FAIL_NO_MEMORY;
	*out = data;
	if (equals && !strcmp(e->text, "="))
		return FAIL_NONE;
	if (!str_unbase64(e->text, e->text_len, data, len))
		return FAIL_NONE;
	free(data);
	*out = NULL;
	return FAIL_SASL_PROTOCOL;
}

enum negotiation_state negotiation_state(const struct negotiation *n)
{
	return n->state;
}

bool negotiation_in_tls(const struct negotiation *n)
{
	return n->tls;
}

bool negotiation_is_authorised(const struct negotiation *n)
{
	return n->authenticated || n->method != METHOD_NONE;
}

bool negotiation_may_send(const struct negotiation *n, const char *local, const char *remote)
{
	const struct pair *p = pair_find(n, local, remote, true);

	return n->state == NEGOTIATION_OPEN && p && p->state == PAIR_VALID;
}

bool negotiation_may_receive(const struct negotiation *n, const char *local, const char *remote)
{
	/* behind our closing tag nothing of ours follows, but the peer's may be under way [RFC6120 4.4] */
	bool lives = n->state == NEGOTIATION_OPEN || n->state == NEGOTIATION_CLOSING;
	const struct pair *p = pair_find(n, local, remote, false);

	return lives && p && p->state == PAIR_VALID;
}

uint64_t negotiation_peer_max_bytes(const struct negotiation *n)
{
	return n->offered.max_bytes;
}

enum fail negotiation_check_size(const struct negotiation *n, const struct stanza *s)
{
	size_t len;

	stanza_bytes(s, &len);
	return n->offered.max_bytes && len > n->offered.max_bytes ? FAIL_STANZA_TOO_BIG_FOR_PEER
								  : FAIL_NONE;
}

enum method negotiation_method(const struct negotiation *n)
{
	return n->method;
}

enum fail negotiation_failure(const struct negotiation *n)
{
	return n->fail;
}

const char *negotiation_peer_error(const struct negotiation *n)
{
	return n->peer_error;
}

bool negotiation_external_refused(const struct negotiation *n)
{
	return n->external_refused;
}

unsigned negotiation_keys_answered(const struct negotiation *n)
{
	return n->keys_answered;
}

const char *negotiation_remote(const struct negotiation *n)
{
	return n->remote;
}

const char *negotiation_local(const struct negotiation *n)
{
	return n->local;
}
