#include "inside/component.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "base/str.h"
#include "net/connection.h"
#include "xmpp/component_handshake.h"
#include "xmpp/compose.h"
#include "xmpp/jid.h"
#include "xmpp/ns.h"
#include "xmpp/unsent.h"
#include "xmpp/xml_stream.h"

#define ID_BYTES 16
#define REASON_SIZE 300
#define EARLY_MAX ((size_t)16 << 20)

enum component_state { COMPONENT_HEADER, COMPONENT_HANDSHAKE, COMPONENT_ATTACHED };

struct component {
	struct loop *loop;
	struct connection *connection; /* NULL once closed */
	struct xml_stream *xml;	       /* owned */
	struct component_config config;
	const struct component_events *events;
	void *context;
	struct loop_timer
		*timer; /* owned: until the handshake is right its deadline, then the stall */
	enum component_state state;
	bool header_sent;
	bool parsing;
	bool attaching;
	char id[2 * ID_BYTES + 1];
	char domain[JID_DOMAIN_SIZE]; /* "" before the header */
	char reason[REASON_SIZE];     /* of its end, so far as there is more to say */
	struct net_address peer;
	uint64_t since;
	struct buf early; /* what was sent before the answer to the handshake */
	uint64_t sent;	  /* bytes */
	struct unsent unsent;
	struct loop_task forget; /* after what was written has left */
	uint64_t taken;		 /* of these by the kernel when the stall timer was set */
};

/* --- its end --- */

static void component_free(struct component *c)
{
	loop_timer_free(c->timer);
	loop_task_cancel(c->loop, &c->forget);
	unsent_fini(&c->unsent);
	xml_stream_free(c->xml);
	buf_fini(&c->early);
	free(c);
}

static void write_bytes(struct component *c, const char *bytes, size_t len)
{
	connection_write(c->connection, bytes, len);
	c->sent += len;
}

static void write_buf(struct component *c, struct buf *b)
{
	if (!buf_failed(b))
		write_bytes(c, b->data, b->len);
	buf_fini(b);
}

/* An error needs a stream around it [RFC6120 4.9.1.2]; to somebody who is not known here we are nobody. */
static void write_end(struct component *c, enum fail fail)
{
	const struct fail_info *info = fail_info(fail);
	struct buf b;

	buf_init(&b, BUF_MAX_DEFAULT);
	if (!c->header_sent)
		compose_component_header(&b, *c->domain ? c->domain : NULL, c->id);
	if (*info->stream_error)
		compose_stream_error(&b, info->stream_error, info->visible ? info->text : NULL,
				     fail == FAIL_XML_TOO_BIG ? "stanza-too-big" : NULL);
	compose_footer(&b);
	write_buf(c, &b);
}

/* The connection goes its way without us. */
static void let_go(struct component *c, enum fail fail, bool at_once)
{
	if (at_once) {
		connection_abort(c->connection);
	} else {
		write_end(c, fail);
		connection_close(c->connection, COMPONENT_CLOSE_GRACE_MS);
	}
	c->connection = NULL;
}

static uint64_t bytes_taken(const struct component *c)
{
	return c->sent - connection_waiting(c->connection);
}

/* Never while the parser is at work. What is taken back must not leave all the same. */
static void finish(struct component *c, enum fail fail, bool at_once)
{
	unsent_taken(&c->unsent, bytes_taken(c));
	let_go(c, fail, at_once || c->unsent.count);
	c->events->detached(c->context, c, fail, c->reason);
	component_free(c);
}

void component_close(struct component *c, enum fail fail)
{
	if (!c->connection)
		return;
	let_go(c, fail, false);
	if (!c->parsing) /* else who parses frees it */
		component_free(c);
}

/* FAIL, with more about it for the log. */
static int because(struct component *c, enum fail fail, const char *reason)
{
	snprintf(c->reason, sizeof(c->reason), "%s", reason);
	return -fail;
}

/* --- what goes --- */

static void on_forget(void *context)
{
	struct component *c = context;

	if (c->connection)
		unsent_taken(&c->unsent, bytes_taken(c));
}

static void remember(struct component *c, struct stanza *s, uint64_t end)
{
	if (unsent_add(&c->unsent, s, end))
		loop_task_queue(c->loop, &c->forget);
}

struct stanza *component_take_back(struct component *c)
{
	return unsent_take(&c->unsent);
}

static void watch_stall(struct component *c)
{
	c->taken = bytes_taken(c);
	loop_timer_set(c->timer, c->config.stall_ms);
}

static void send_bytes(struct component *c, const char *bytes, size_t len)
{
	write_bytes(c, bytes, len);
	if (c->config.stall_ms && connection_is_full(c->connection) && !loop_timer_is_set(c->timer))
		watch_stall(c);
}

static const char granted[] = "<handshake/>";

void component_send(struct component *c, struct stanza *s)
{
	const char *bytes;
	size_t len;

	bytes = stanza_bytes(s, &len);
	if (c->attaching) {
		buf_add(&c->early, bytes, len);
		remember(c, s, c->sent + sizeof(granted) - 1 + c->early.len);
	} else if (c->connection && c->state == COMPONENT_ATTACHED) {
		send_bytes(c, bytes, len);
		remember(c, s, c->sent);
	}
}

/* --- the handshake [XEP-0114 3] --- */

static const char *served(const struct component_config *config, const char *domain)
{
	size_t i;

	for (i = 0; i < config->domain_count; i++)
		if (!strcmp(config->domains[i], domain))
			return config->domains[i];
	return NULL;
}

static int on_header(void *context, const struct xml_header *header)
{
	struct component *c = context;
	char domain[JID_DOMAIN_SIZE];
	struct buf b;
	bool bare;

	if (strcmp(header->content_ns, NS_COMPONENT)) /* [RFC6120 4.9.3.10] */
		return because(c, FAIL_XML_NAMESPACE, header->content_ns);
	if (!header->to)
		return because(c, FAIL_IMPROPER_ADDRESSING, "the header has no 'to'");
	if (jid_domain_of(header->to, strlen(header->to), domain, &bare) || !bare ||
	    !served(&c->config, domain))
		return because(c, FAIL_HOST_UNKNOWN, header->to);
	memcpy(c->domain, domain, sizeof(domain));
	c->state = COMPONENT_HANDSHAKE;
	buf_init(&b, BUF_MAX_DEFAULT);
	compose_component_header(&b, c->domain, c->id);
	write_buf(c, &b);
	c->header_sent = true;
	return 0;
}

static void lift_limits(struct component *c)
{
	struct xml_stream_limits limits = XML_STREAM_LIMITS_DEFAULT;

	limits.element_bytes = c->config.max_stanza;
	xml_stream_set_limits(c->xml, &limits);
}

static int on_handshake(struct component *c, const struct element *e)
{
	bool attached;
	int rc;

	if (!component_handshake_matches(c->id, c->config.secret, e->text, e->text_len))
		return -FAIL_COMPONENT_HANDSHAKE;
	c->attaching = true;
	attached = c->events->attach(c->context, c, c->domain);
	c->attaching = false;
	if (!c->connection)
		return XML_STREAM_STOP;
	if (!attached)
		return -FAIL_COMPONENT_CONFLICT;
	loop_timer_stop(c->timer);
	lift_limits(c);
	c->state = COMPONENT_ATTACHED;
	c->since = loop_now(c->loop);
	write_bytes(c, granted, sizeof(granted) - 1);
	rc = buf_failed(&c->early);
	send_bytes(c, c->early.data, c->early.len);
	buf_fini(&c->early);
	return rc;
}

/* --- what comes --- */

/* The condition and the text of an error of the other end. */
static int peer_error(struct component *c, const struct element *e)
{
	const struct element *text = element_child(e, NS_STREAM_ERRORS, "text");
	const struct element *child;

	for (child = e->children; child && child == text; child = child->next)
		;
	snprintf(c->reason, sizeof(c->reason), "%s%s%s", child ? child->name : "", text ? ": " : "",
		 text ? text->text : "");
	return -FAIL_PEER_ERROR;
}

static int on_element(void *context, const struct element *e)
{
	struct component *c = context;

	if (element_is(e, NS_STREAM, "error"))
		return peer_error(c, e);
	if (c->state == COMPONENT_HANDSHAKE && element_is(e, NS_COMPONENT, "handshake"))
		return on_handshake(c, e);
	return because(c, FAIL_UNEXPECTED, e->name);
}

static int on_stanza(void *context, struct stanza *s)
{
	const char *from = stanza_from(s), *to = stanza_to(s);
	struct component *c = context;
	char domain[JID_DOMAIN_SIZE], remote[JID_DOMAIN_SIZE];
	bool bare;

	if (c->state != COMPONENT_ATTACHED)
		return because(c, FAIL_NOT_AUTHORIZED, "a stanza before the handshake");
	if (!from || !to)
		return because(c, FAIL_IMPROPER_ADDRESSING,
			       from ? "a stanza without 'to'" : "a stanza without 'from'");
	if (jid_domain_of(from, strlen(from), domain, &bare))
		return because(c, FAIL_IMPROPER_ADDRESSING, from);
	if (strcmp(domain, c->domain)) /* as a whole: a subdomain is another domain */
		return because(c, FAIL_INVALID_FROM, from);
	c->events->stanza(c->context, c, s,
			  jid_domain_of(to, strlen(to), remote, &bare) ? NULL : remote);
	return c->connection ? 0 : XML_STREAM_STOP;
}

static int on_footer(void *context)
{
	(void)context;
	return -FAIL_PEER_CLOSED;
}

static const struct xml_stream_events xml_events = {
	.header = on_header,
	.element = on_element,
	.stanza = on_stanza,
	.footer = on_footer,
};

static void on_data(void *context, const char *data, size_t len)
{
	struct component *c = context;
	int rc;

	c->parsing = true;
	rc = xml_stream_feed(c->xml, data, len, NULL);
	c->parsing = false;
	if (!c->connection) /* its owner closed it */
		component_free(c);
	else if (rc < 0)
		finish(c, (enum fail) - rc, false);
}

static void on_ended(void *context, enum connection_end end, const char *reason)
{
	struct component *c = context;

	(void)because(c, FAIL_CONNECTION_LOST, reason);
	finish(c, FAIL_CONNECTION_LOST, end != CONNECTION_EOF);
}

static void on_drained(void *context)
{
	struct component *c = context;

	if (c->state != COMPONENT_ATTACHED)
		return;
	loop_timer_stop(c->timer);
	if (c->events->drained)
		c->events->drained(c->context, c);
}

static const struct connection_events connection_events = {
	.data = on_data,
	.drained = on_drained,
	.ended = on_ended,
};

static void on_timer(void *context)
{
	struct component *c = context;

	if (c->state != COMPONENT_ATTACHED)
		finish(c, FAIL_ESTABLISHMENT_TIMEOUT, false);
	else if (bytes_taken(c) > c->taken) /* slow, but it reads */
		watch_stall(c);
	else
		finish(c, FAIL_WRITE_STALLED, true);
}

/* --- life --- */

static bool make_id(char id[2 * ID_BYTES + 1])
{
	unsigned char bytes[ID_BYTES];

	if (random_bytes(bytes, sizeof(bytes)))
		return false;
	str_hex(id, bytes, sizeof(bytes));
	return true;
}

struct component *component_accept(struct loop *l, int fd, const struct component_config *config,
				   const struct component_events *events, void *context)
{
	struct xml_stream_limits limits = XML_STREAM_LIMITS_DEFAULT;
	struct component *c = calloc(1, sizeof(*c));

	limits.element_bytes = limits.tag_bytes = COMPONENT_STRANGER_ELEMENT;
	limits.total_bytes = COMPONENT_STRANGER_BYTES;
	if (!c)
		goto refuse;
	c->loop = l;
	loop_task_init(&c->forget, on_forget, c);
	c->config = *config;
	buf_init(&c->early, EARLY_MAX);
	c->events = events;
	c->context = context;
	c->xml = xml_stream_new(&xml_events, c, &limits, NS_COMPONENT);
	c->timer = loop_timer_new(l, on_timer, c);
	if (!c->xml || !c->timer || !make_id(c->id))
		goto refuse;
	c->connection = connection_accepted(l, fd, &connection_events, c);
	fd = -1;
	if (!c->connection)
		goto refuse;
	c->peer = *connection_peer(c->connection);
	loop_timer_set(c->timer, config->handshake_ms);
	return c;
refuse:
	if (fd >= 0)
		close(fd);
	if (c)
		component_free(c);
	return NULL;
}

bool component_is_full(const struct component *c)
{
	return c->connection && connection_is_full(c->connection);
}

size_t component_waiting(const struct component *c)
{
	return c->connection ? connection_waiting(c->connection) : 0;
}

void component_pause(struct component *c)
{
	if (c->connection)
		connection_pause(c->connection);
}

void component_resume(struct component *c)
{
	if (c->connection)
		connection_resume(c->connection);
}

const char *component_domain(const struct component *c)
{
	return c->domain;
}

bool component_is_attached(const struct component *c)
{
	return c->state == COMPONENT_ATTACHED;
}

const struct net_address *component_peer(const struct component *c)
{
	return &c->peer;
}

size_t component_unread(const struct component *c)
{
	return c->connection ? connection_unread(c->connection) : 0;
}

uint64_t component_since(const struct component *c)
{
	return c->since;
}
