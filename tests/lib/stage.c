#include "stage.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "make_policy.h"

static void must(bool good)
{
	if (!good)
		abort();
}

void stage_init(struct stage *s, enum negotiation_role role, int row)
{
	memset(s, 0, sizeof(*s));
	make_local(&s->policy, US, true);
	make_local(&s->policy, "also.example", true);
	make_partner(&s->policy, PEER, row, false);
	make_partner(&s->policy, "other.example", 9, false);
	policy_finish(&s->policy);
	must(dialback_secret_init(&s->secret, "a secret of enough bytes", 24) == 0);
	s->name = (struct cert_name){ CERT_NAME_DNS, PEER, strlen(PEER) };
	s->certificate =
		(struct cert_facts){ .chain = CERT_CHAIN_OK, .names = &s->name, .name_count = 1 };
	s->config = (struct negotiation_config){ .policy = &s->policy,
						 .secret = &s->secret,
						 .role = role };
	if (role == ROLE_INITIATING) {
		s->config.local = US;
		s->config.remote = PEER;
	}
	negotiation_output_init(&s->out);
	s->n = negotiation_new(&s->config);
	must(s->n != NULL);
}

void stage_again(struct stage *s)
{
	negotiation_free(s->n);
	s->n = negotiation_new(&s->config);
	must(s->n != NULL);
}

void stage_fini(struct stage *s)
{
	negotiation_free(s->n);
	negotiation_output_fini(&s->out);
	policy_fini(&s->policy);
}

int stage_step(struct stage *s, const struct negotiation_event *ev)
{
	int rc = negotiation_step(s->n, ev, &s->out);
	unsigned i;

	for (i = 0; i < s->out.action_count; i++)
		if (s->out.actions[i].ticket)
			s->ticket = s->out.actions[i].ticket;
	return rc;
}

void stage_go(struct stage *s, enum negotiation_event_type type)
{
	struct negotiation_event ev = { .type = type, .ticket = s->ticket };

	ev.certificate = &s->certificate;
	must(stage_step(s, &ev) == 0);
}

void stage_shut(struct stage *s, enum fail fail)
{
	struct negotiation_event ev = { .type = EVENT_SHUT, .fail = fail };

	must(stage_step(s, &ev) == 0);
}

void stage_sasl(struct stage *s, enum sasl_outcome outcome, const char *data)
{
	struct negotiation_event ev = { .type = EVENT_SASL, .ticket = s->ticket, .sasl = outcome };

	ev.data = data;
	ev.data_len = data ? strlen(data) : 0;
	ev.identity = data;
	must(stage_step(s, &ev) == 0);
}

void stage_checked(struct stage *s, enum dialback_outcome outcome, uint64_t ticket)
{
	struct negotiation_event ev = { .type = EVENT_CHECKED,
					.ticket = ticket,
					.outcome = outcome };

	must(stage_step(s, &ev) == 0);
}

int stage_verify(struct stage *s, uint64_t ticket, const char *local, const char *remote,
		 const char *id, const char *key)
{
	struct negotiation_event ev = { .type = EVENT_VERIFY,
					.ticket = ticket,
					.local = local,
					.remote = remote,
					.id = id,
					.key = key };

	return stage_step(s, &ev);
}

void stage_header_of(struct stage *s, const char *from, const char *to, const char *version)
{
	struct negotiation_event ev = { .type = EVENT_HEADER, .id = "our-id" };

	s->header = (struct xml_header){
		.content_ns = NS_SERVER, .from = from, .to = to, .id = "peer-id", .version = version
	};
	ev.header = &s->header;
	must(stage_step(s, &ev) == 0);
}

void stage_header(struct stage *s)
{
	stage_header_of(s, PEER, US, "1.0");
}

const struct element *stage_make(struct stage *s, const char *ns, const char *name,
				 const char *text, ...)
{
	struct element *e = &s->element;
	struct element_attribute *a = s->attributes;
	const char *word;
	va_list args;

	memset(e, 0, sizeof(*e));
	e->ns = ns;
	e->name = name;
	e->text = text;
	e->text_len = strlen(text);
	va_start(args, text);
	while ((word = va_arg(args, const char *))) {
		const char *value = va_arg(args, const char *);
		*a = (struct element_attribute){ "", word, value, e->attributes };
		e->attributes = a++;
	}
	va_end(args);
	return e;
}

void stage_with_child(struct stage *s, const char *ns, const char *name)
{
	s->child = (struct element){ .ns = ns, .name = name, .text = "" };
	s->element.children = &s->child;
}

void stage_say(struct stage *s)
{
	struct negotiation_event ev = { .type = negotiation_classify(&s->element),
					.element = &s->element };

	must(stage_step(s, &ev) == 0);
}

void stage_say_empty(struct stage *s, const char *ns, const char *name)
{
	stage_make(s, ns, name, "", NULL);
	stage_say(s);
}

void stage_say_result(struct stage *s, const char *from, const char *to, const char *key)
{
	stage_make(s, NS_DIALBACK, "result", key, "from", from, "to", to, NULL);
	stage_say(s);
}

void stage_say_type(struct stage *s, const char *name, const char *id, const char *type)
{
	stage_make(s, NS_DIALBACK, name, "", "from", PEER, "to", US, "type", type, id ? "id" : NULL,
		   id, NULL);
	stage_say(s);
}

void stage_offer(struct stage *s, const char *ns, const char *name)
{
	stage_make(s, NS_STREAM, "features", "", NULL);
	if (name)
		stage_with_child(s, ns, name);
	stage_say(s);
}

void stage_offer_external(struct stage *s)
{
	struct element mechanism = { .ns = NS_SASL, .name = "mechanism", .text = "EXTERNAL" };

	stage_make(s, NS_STREAM, "features", "", NULL);
	stage_with_child(s, NS_SASL, "mechanisms");
	s->child.children = &mechanism;
	stage_say(s);
}

static void show_action(struct stage *s, const struct negotiation_action *a)
{
	char *to = s->text + strlen(s->text);
	size_t size = (size_t)(s->text + sizeof(s->text) - to);
	int n = snprintf(to, size, "%s%s", *s->text ? "; " : "", negotiation_action_str(a->type));

	must(n >= 1 && (size_t)n < size);
	to += n;
	size -= (size_t)n;
	n = 0;
	if (a->type == ACTION_WRITE)
		n = snprintf(to, size, " %.*s", (int)a->len, s->out.bytes.data + a->offset);
	else if (a->local)
		n = snprintf(to, size, " %s>%s", a->local, *a->remote ? a->remote : "?");
	must(n >= 0 && (size_t)n < size);
	to += n;
	size -= (size_t)n;
	n = snprintf(to, size, "%s%s%s%s%s%.*s%s%s%s%s%s%s", a->id ? " id=" : "",
		     a->id ? a->id : "", a->key ? " key=" : "", a->key ? a->key : "",
		     a->data ? " data=" : "", (int)a->data_len,
		     a->data ? (const char *)a->data : "", a->first ? " first" : "",
		     a->abrupt ? " abrupt" : "", a->method ? " by " : "",
		     a->method ? method_str(a->method) : "", a->fail ? " for " : "",
		     a->fail ? fail_str(a->fail) : "");
	must(n >= 0 && (size_t)n < size);
}

const char *stage_show(struct stage *s)
{
	unsigned i;

	*s->text = '\0';
	for (i = 0; i < s->out.action_count; i++)
		show_action(s, &s->out.actions[i]);
	return s->text;
}

/* Drives a new stream of row 9 into STATE. False: this role has no such state. */
static bool reach_initiating(struct stage *s, enum negotiation_state state)
{
	bool clear = state == NEGOTIATION_DIALBACK || state == NEGOTIATION_OPEN ||
		     state == NEGOTIATION_READY || state == NEGOTIATION_CLOSING;

	s->config.verify_only = state == NEGOTIATION_READY;
	stage_again(s);
	if (state == NEGOTIATION_NEW)
		return true;
	stage_go(s, EVENT_CONNECTED);
	if (state == NEGOTIATION_HEADER)
		return true;
	stage_header(s);
	if (state == NEGOTIATION_FEATURES)
		return true;
	stage_offer(s, clear ? NULL : NS_TLS, clear ? NULL : "starttls");
	if (state == NEGOTIATION_READY || state == NEGOTIATION_DIALBACK ||
	    state == NEGOTIATION_PROCEED)
		return true;
	if (clear) {
		stage_say_type(s, "result", NULL, "valid");
		if (state == NEGOTIATION_CLOSING)
			stage_shut(s, FAIL_DONE);
		return true;
	}
	stage_say_empty(s, NS_TLS, "proceed");
	if (state == NEGOTIATION_TLS)
		return true;
	stage_go(s, EVENT_TLS_UP);
	if (state == NEGOTIATION_CERTIFICATE)
		return true;
	stage_go(s, EVENT_CERTIFICATE);
	stage_header(s);
	stage_offer_external(s);
	if (state == NEGOTIATION_SASL)
		return true;
	stage_sasl(s, SASL_DONE, US);
	return state == NEGOTIATION_AUTH;
}

static bool reach_receiving(struct stage *s, enum negotiation_state state)
{
	stage_again(s);
	if (state == NEGOTIATION_NEW)
		return true;
	stage_go(s, EVENT_CONNECTED);
	if (state == NEGOTIATION_HEADER)
		return true;
	stage_header(s);
	if (state == NEGOTIATION_READY)
		return true;
	if (state == NEGOTIATION_OPEN || state == NEGOTIATION_CLOSING) {
		stage_say_result(s, PEER, US, "key");
		stage_checked(s, DIALBACK_VALID, s->ticket);
		if (state == NEGOTIATION_CLOSING)
			stage_shut(s, FAIL_DONE);
		return true;
	}
	stage_say_empty(s, NS_TLS, "starttls");
	if (state == NEGOTIATION_TLS)
		return true;
	stage_go(s, EVENT_TLS_UP);
	stage_header(s);
	if (state == NEGOTIATION_CERTIFICATE)
		return true;
	stage_go(s, EVENT_CERTIFICATE);
	stage_make(s, NS_SASL, "auth", "", "mechanism", "EXTERNAL", NULL);
	stage_say(s);
	if (state == NEGOTIATION_SASL)
		return true;
	stage_sasl(s, SASL_MORE, NULL);
	return state == NEGOTIATION_AUTH;
}

bool stage_reach(struct stage *s, enum negotiation_state state)
{
	bool reached = s->config.role == ROLE_INITIATING ? reach_initiating(s, state)
							 : reach_receiving(s, state);

	if (reached)
		must(negotiation_state(s->n) == state);
	return reached;
}

void stage_broken(struct stage *s, enum fail fail)
{
	struct negotiation_event ev = { .type = EVENT_BROKEN, .fail = fail };

	must(stage_step(s, &ev) == 0);
}
