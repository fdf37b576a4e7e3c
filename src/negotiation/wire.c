#include "negotiation/wire.h"

#include <stdlib.h>

#include "xmpp/ns.h"

struct wire {
	struct negotiation *negotiation; /* owned */
	struct xml_stream *xml;		 /* owned; NULL until bytes come */
	const struct wire_events *events;
	void *context;
	size_t max_stanza;
	bool trusted; /* the limits for strangers are lifted on the current XML stream */
};

struct wire *wire_new(const struct wire_config *config, const struct wire_events *events,
		      void *context)
{
	struct wire *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->events = events;
	w->context = context;
	w->max_stanza = config->max_stanza;
	w->negotiation = negotiation_new(&config->negotiation);
	if (w->negotiation)
		return w;
	wire_free(w);
	return NULL;
}

void wire_free(struct wire *w)
{
	if (!w)
		return;
	xml_stream_free(w->xml);
	negotiation_free(w->negotiation);
	free(w);
}

static struct xml_stream_limits limits_of(const struct wire *w)
{
	struct xml_stream_limits limits = XML_STREAM_LIMITS_DEFAULT;

	limits.element_bytes = WIRE_STRANGER_ELEMENT;
	limits.total_bytes = WIRE_STRANGER_BYTES;
	if (negotiation_is_authorised(w->negotiation)) {
		limits.element_bytes = w->max_stanza;
		limits.total_bytes = 0;
	}
	return limits;
}

static void trust(struct wire *w)
{
	struct xml_stream_limits limits = limits_of(w);

	if (w->trusted || !w->xml || !negotiation_is_authorised(w->negotiation))
		return;
	xml_stream_set_limits(w->xml, &limits);
	w->trusted = true;
}

static int carry_out(struct wire *w, const struct negotiation_event *ev,
		     const struct negotiation_output *out)
{
	int stop = 0;
	unsigned i;

	for (i = 0; w->events->note && i < out->note_count; i++)
		w->events->note(w->context, &out->notes[i]);
	for (i = 0; i < out->action_count; i++) {
		const struct negotiation_action *a = &out->actions[i];
		if (a->type == ACTION_START_TLS || a->type == ACTION_RESTART ||
		    a->type == ACTION_CLOSE)
			stop = XML_STREAM_STOP;
		w->events->action(w->context, a, out->bytes.data,
				  a->type == ACTION_DELIVER ? ev->stanza : NULL);
	}
	return stop;
}

/* Returns XML_STREAM_STOP where the XML stream ends with this event. The output is of this step alone: an idle stream does
 * not pay for it. */
static int step(struct wire *w, const struct negotiation_event *ev)
{
	struct negotiation_output out;
	int stop, failed;

	negotiation_output_init(&out);
	failed = negotiation_step(w->negotiation, ev, &out);
	stop = carry_out(w, ev, &out);
	negotiation_output_fini(&out);
	trust(w);
	/* a failing step has said in its actions how to close: there is nothing else to do about it */
	return failed ? XML_STREAM_STOP : stop;
}

static int on_header(void *context, const struct xml_header *header)
{
	struct wire *w = context;
	struct negotiation_event ev = {
		.type = EVENT_HEADER,
		.header = header,
		.id = w->events->stream_id ? w->events->stream_id(w->context) : NULL,
	};

	return step(w, &ev);
}

static int on_element(void *context, const struct element *e)
{
	struct negotiation_event ev = { .type = negotiation_classify(e), .element = e };

	return step(context, &ev);
}

static int on_stanza(void *context, struct stanza *s)
{
	struct negotiation_event ev = { .type = EVENT_STANZA, .stanza = s };

	return step(context, &ev);
}

static int on_footer(void *context)
{
	struct negotiation_event ev = { .type = EVENT_FOOTER };

	return step(context, &ev);
}

static const struct xml_stream_events xml_events = {
	.header = on_header,
	.element = on_element,
	.stanza = on_stanza,
	.footer = on_footer,
};

static void broken(struct wire *w, enum fail fail)
{
	struct negotiation_event ev = { .type = EVENT_BROKEN, .fail = fail };

	wire_event(w, &ev);
}

static bool begin_xml(struct wire *w)
{
	struct xml_stream_limits limits = limits_of(w);

	if (w->xml)
		return true;
	w->trusted = negotiation_is_authorised(w->negotiation);
	w->xml = xml_stream_new(&xml_events, w, &limits, NS_SERVER);
	return w->xml != NULL;
}

/* A TLS handshake or alert as the first byte of a connection in clear: whoever sends it could not read our XML. */
static bool is_tls_record(const struct wire *w, char first)
{
	return !w->xml && !negotiation_in_tls(w->negotiation) && (first == 0x16 || first == 0x15);
}

void wire_feed(struct wire *w, const char *data, size_t len)
{
	struct negotiation_event plaintext = { .type = EVENT_PLAINTEXT };

	while (len && negotiation_state(w->negotiation) != NEGOTIATION_DEAD) {
		size_t eaten = len;
		int rc;
		if (negotiation_state(w->negotiation) == NEGOTIATION_TLS) {
			wire_event(w, &plaintext);
			return;
		}
		if (is_tls_record(w, *data)) {
			broken(w, FAIL_TLS_HANDSHAKE);
			return;
		}
		if (!begin_xml(w)) {
			broken(w, FAIL_NO_MEMORY);
			return;
		}
		rc = xml_stream_feed(w->xml, data, len, &eaten);
		if (rc < 0) {
			broken(w, (enum fail) - rc);
			return;
		}
		if (rc == XML_STREAM_STOP) {
			xml_stream_free(w->xml);
			w->xml = NULL;
		}
		data += eaten;
		len -= eaten;
	}
}

/* An error before the peer's header stands in a header of ours, which needs an id too. [RFC6120 4.7.3, 4.9.1.2] */
static bool needs_id(const struct wire *w, const struct negotiation_event *ev)
{
	return negotiation_state(w->negotiation) == NEGOTIATION_HEADER && w->events->stream_id &&
	       (ev->type == EVENT_BROKEN || ev->type == EVENT_TIMEOUT || ev->type == EVENT_SHUT);
}

void wire_event(struct wire *w, const struct negotiation_event *ev)
{
	struct negotiation_event with_id = *ev;

	if (needs_id(w, ev))
		with_id.id = w->events->stream_id(w->context);
	if (step(w, &with_id) != XML_STREAM_STOP)
		return;
	xml_stream_free(w->xml); /* nothing of what it held back survives a restart */
	w->xml = NULL;
}

void wire_rest(struct wire *w)
{
	if (w->xml)
		xml_stream_rest(w->xml);
}

const struct negotiation *wire_negotiation(const struct wire *w)
{
	return w->negotiation;
}
