#include "links.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "xmpp/component_handshake.h"
#include "xmpp/ns.h"

#define DEADLINE_MS 30000
#define GRACE_MS 10000

/* --- our end --- */

static bool on_attach(void *context, struct component *c, const char *domain)
{
	struct link *l = context;
	struct links *t = l->links;
	unsigned i;

	assert_ptr_equal(c, l->c);
	assert_false(component_is_attached(c));
	assert_string_equal(component_domain(c), domain);
	l->attaches++;
	if (t->attach_closes) {
		l->c = NULL;
		component_close(c, FAIL_SHUTDOWN);
		return true;
	}
	for (i = 0; i < t->link_count; i++)
		if (t->link[i].attached && !strcmp(t->link[i].domain, domain))
			return false;
	snprintf(l->domain, sizeof(l->domain), "%s", domain);
	l->attached = true;
	if (t->greeting)
		component_send(c, t->greeting);
	loop_stop(t->loop);
	return true;
}

static void on_stanza(void *context, struct component *c, struct stanza *s, const char *remote)
{
	struct link *l = context;
	size_t len;

	assert_ptr_equal(c, l->c);
	assert_true(component_is_attached(c));
	l->stanzas++;
	buf_addf(&l->in, "%s:", remote ? remote : "-");
	buf_adds(&l->in, stanza_bytes(s, &len));
	buf_addc(&l->in, '\n');
	loop_stop(l->links->loop);
	if (l->on_stanza)
		l->on_stanza(l);
}

static void on_drained(void *context, struct component *c)
{
	struct link *l = context;

	assert_ptr_equal(c, l->c);
	assert_false(component_is_full(c));
	l->drained++;
	loop_stop(l->links->loop);
	if (l->on_drained)
		l->on_drained(l);
}

static void on_detached(void *context, struct component *c, enum fail fail, const char *reason)
{
	struct link *l = context;

	assert_ptr_equal(c, l->c);
	assert_int_equal(component_is_attached(c), l->attached);
	assert_int_equal(component_waiting(c), 0);
	l->c = NULL;
	l->attached = false;
	l->detached = true;
	l->fail = fail;
	snprintf(l->reason, sizeof(l->reason), "%s", reason);
	loop_stop(l->links->loop);
}

static const struct component_events component_events = {
	.attach = on_attach,
	.stanza = on_stanza,
	.drained = on_drained,
	.detached = on_detached,
};

static void on_accepted(void *context, int fd, const struct net_address *from)
{
	struct links *t = context;
	struct link *l = &t->link[t->link_count];

	assert_true(t->link_count < LINKS_MAX);
	t->link_count++;
	l->links = t;
	buf_init(&l->in, (size_t)64 << 20);
	if (t->send_buffer)
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &t->send_buffer,
					    sizeof(t->send_buffer)),
				 0);
	l->c = component_accept(t->loop, fd, &t->config, &component_events, l);
	assert_non_null(l->c);
	assert_string_equal(component_domain(l->c), "");
	assert_int_equal(component_peer(l->c)->port, from->port);
	loop_stop(t->loop);
}

static const struct listener_events listening = { .accepted = on_accepted };

/* --- the other end --- */

static void app_connected(void *context)
{
	struct app *a = context;

	a->connected = true;
	loop_stop(a->links->loop);
}

static void app_data(void *context, const char *data, size_t len)
{
	struct app *a = context;

	buf_add(&a->in, data, len);
	loop_stop(a->links->loop);
	if (a->on_data)
		a->on_data(a);
}

static void app_ended(void *context, enum connection_end how, const char *reason)
{
	struct app *a = context;

	(void)how;
	(void)reason;
	a->ended = true;
	loop_stop(a->links->loop);
}

static const struct connection_events app_events = {
	.connected = app_connected,
	.data = app_data,
	.ended = app_ended,
};

struct app *app_open(struct links *t)
{
	struct app *a = &t->app[t->app_count];
	unsigned before = t->link_count;
	struct net_address at;

	assert_true(t->app_count < LINKS_MAX);
	assert_int_equal(t->app_count, before);
	t->app_count++;
	a->links = t;
	buf_init(&a->in, (size_t)64 << 20);
	assert_true(listener_address(t->fd, &at));
	a->c = connection_dial(t->loop, &at, &app_events, a);
	assert_non_null(a->c);
	LINKS_UNTIL(t, a->connected && t->link_count > before);
	return a;
}

struct link *app_link(const struct app *a)
{
	return &a->links->link[a - a->links->app];
}

void app_say(struct app *a, const char *text)
{
	connection_write(a->c, text, strlen(text));
}

void app_hear(struct app *a, const char *text)
{
	LINKS_UNTIL(a->links, strstr(buf_str(&a->in), text) || a->ended);
	if (!strstr(buf_str(&a->in), text))
		fail_msg("ended without %s: %s", text, buf_str(&a->in));
}

void app_header(struct app *a, const char *to)
{
	const char *id;
	char text[400];

	snprintf(text, sizeof(text),
		 "<?xml version='1.0'?><stream:stream xmlns='" NS_COMPONENT
		 "' xmlns:stream='" NS_STREAM "'%s%s%s>",
		 to ? " to='" : "", to ? to : "", to ? "'" : "");
	app_say(a, text);
	app_hear(a, " id='");
	app_hear(a, "'>");
	id = strstr(buf_str(&a->in), " id='") + 5;
	snprintf(a->id, sizeof(a->id), "%.*s", (int)strcspn(id, "'"), id);
}

void app_handshake(struct app *a)
{
	char handshake[COMPONENT_HANDSHAKE_SIZE], text[100];

	assert_int_equal(component_handshake(a->id, LINKS_SECRET, handshake), 0);
	snprintf(text, sizeof(text), "<handshake>%s</handshake>", handshake);
	app_say(a, text);
}

struct app *app_attached(struct links *t, const char *domain)
{
	struct app *a = app_open(t);

	app_header(a, domain);
	buf_clear(&a->in);
	app_handshake(a);
	app_hear(a, "<handshake/>");
	assert_string_equal(buf_str(&a->in), "<handshake/>");
	assert_true(app_link(a)->attached);
	buf_clear(&a->in);
	return a;
}

static unsigned occurrences(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

void app_ends(struct app *a, enum fail fail, const char *condition)
{
	static const char end[] = "</stream:stream>";
	struct link *l = app_link(a);
	const char *in;
	char error[200];

	LINKS_UNTIL(a->links, a->ended && l->detached);
	in = buf_str(&a->in);
	assert_string_equal(fail_str(l->fail), fail_str(fail));
	snprintf(error, sizeof(error), "<stream:error><%s xmlns='" NS_STREAM_ERRORS "'/>",
		 condition ? condition : "");
	if (occurrences(in, "<stream:error>") != !!condition || (condition && !strstr(in, error)))
		fail_msg("not %s: %s", condition, in);
	assert_int_equal(occurrences(in, end), 1);
	assert_string_equal(in + strlen(in) - strlen(end), end);
	connection_close(a->c, GRACE_MS);
	a->c = NULL;
}

/* --- all of it --- */

static void on_deadline(void *context)
{
	struct links *t = context;

	t->late = true;
	loop_stop(t->loop);
}

static const char *const domains[] = { "other.example.com", LINKS_DOMAIN };

void links_init(struct links *t)
{
	struct net_address at;
	char error[LISTENER_ERROR_SIZE];

	memset(t, 0, sizeof(*t));
	t->loop = loop_new();
	assert_non_null(t->loop);
	assert_true(net_address_parse("127.0.0.1", 0, &at));
	t->fd = listener_open(&at, error);
	assert_true(t->fd >= 0);
	t->listener = listener_new(t->loop, t->fd, &listening, t);
	t->deadline = loop_timer_new(t->loop, on_deadline, t);
	assert_non_null(t->listener);
	assert_non_null(t->deadline);
	loop_timer_set(t->deadline, DEADLINE_MS);
	t->config = (struct component_config){
		.domains = domains,
		.domain_count = 2,
		.secret = LINKS_SECRET,
		.handshake_ms = DEADLINE_MS,
		.max_stanza = 262144,
	};
}

static void stop_soon(void *context)
{
	loop_stop(context);
}

void links_turn(struct links *t)
{
	loop_run(t->loop);
	assert_false(t->late);
}

void links_poll(struct links *t)
{
	struct loop_task look;

	loop_task_init(&look, stop_soon, t->loop);
	loop_task_queue(t->loop, &look);
	links_turn(t);
	loop_task_cancel(t->loop, &look);
}

void links_fini(struct links *t)
{
	unsigned i;

	for (i = 0; i < t->app_count; i++)
		if (t->app[i].c)
			connection_close(t->app[i].c, GRACE_MS);
	for (i = 0; i < t->link_count; i++)
		if (t->link[i].c)
			component_close(t->link[i].c, FAIL_NONE);
	while (connection_closing_count(t->loop))
		links_poll(t);
	for (i = 0; i < t->app_count; i++)
		buf_fini(&t->app[i].in);
	for (i = 0; i < t->link_count; i++)
		buf_fini(&t->link[i].in);
	loop_timer_free(t->deadline);
	listener_free(t->listener);
	close(t->fd);
	loop_free(t->loop);
}
