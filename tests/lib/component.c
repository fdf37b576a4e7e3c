/*
 * component: XEP-0114 components that answer whatever they are sent, and send what they are asked to.
 *
 *   component SOCKET ADDRESS:PORT SECRET DOMAIN...
 *
 * Attaches each DOMAIN over a connection of its own, trying until the server is there; prints a line per event; takes requests
 * at the Unix socket SOCKET (see ask.c), which is there once all domains are attached. Runs until it is terminated, or a
 * server ends a connection, which is exit status 1.
 *
 * A message is answered by a message with the same id behind "re-", which is never answered itself. One thread, one poll.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "xmpp/component_handshake.h"
#include "xmpp/ns.h"
#include "xmpp/xml_stream.h"

#define MAX_DOMAINS 64
#define MAX_ASKERS 32
#define MAX_REQUESTS 256
#define DEFAULT_MS 10000
#define START_MS 120000 /* how long a server may take to start */
#define RETRY_MS 20
#define NO_STANZAS "urn:none" /* stanzas come as elements, whose trees are wanted here */

struct app;

struct attachment {
	struct app *app;
	const char *domain;
	int fd; /* -1 while not connected */
	struct xml_stream *stream;
	struct buf out;
	bool attached;
};

struct asker {	/* one connection of "component ask" */
	int fd; /* -1 = free */
	unsigned pending;
	bool done; /* it will ask no more */
	struct buf in;
};

struct request {
	struct asker *asker; /* NULL = free */
	char *id;
	char *what; /* "kind=... from=... to=..." */
	uint64_t start;
	uint64_t deadline;
};

struct app {
	struct sockaddr_in server;
	const char *secret;
	const char *socket_path;
	int listener;
	struct attachment attachments[MAX_DOMAINS];
	size_t count;
	struct asker askers[MAX_ASKERS];
	struct request requests[MAX_REQUESTS];
	unsigned serial;
};

static void die(const char *what, const char *which)
{
	fprintf(stderr, "component: %s %s%s%s\n", what, which, errno ? ": " : "",
		errno ? strerror(errno) : "");
	exit(1);
}

/* ---- what goes out ---- */

static void add_attribute(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	buf_addf(out, " %s='", name);
	buf_add_xml(out, value, strlen(value));
	buf_addc(out, '\'');
}

static void add_start(struct buf *out, const char *kind, const char *type, const char *from,
		      const char *to, const char *prefix, const char *id)
{
	char full[256];

	buf_addf(out, "<%s", kind);
	add_attribute(out, "type", type);
	add_attribute(out, "from", from);
	add_attribute(out, "to", to);
	if (id && !str_format(full, sizeof(full), "%s%s", prefix, id))
		add_attribute(out, "id", full);
	buf_addc(out, '>');
}

/* Logfmt: a value in quotes, with quotes and line ends taken out of it. */
static void add_value(struct buf *out, const char *key, const char *value)
{
	buf_addf(out, " %s=\"", key);
	for (; value && *value; value++)
		buf_addc(out, *value == '"' || (unsigned char)*value < ' ' ? '\'' : *value);
	buf_addc(out, '"');
}

/* ---- requests and their outcomes ---- */

static void asker_close(struct asker *a)
{
	close(a->fd);
	a->fd = -1;
	buf_fini(&a->in);
}

static void request_finish(struct request *r, struct buf *outcome)
{
	struct asker *a = r->asker;
	uint64_t ms = clock_monotonic_ms() - r->start;
	struct buf line;

	buf_init(&line, BUF_MAX_DEFAULT);
	buf_addf(&line, "%s ms=%llu %s\n", buf_str(outcome), (unsigned long long)ms, r->what);
	if (buf_failed(&line) || write(a->fd, line.data, line.len) != (ssize_t)line.len)
		fprintf(stderr, "component: an outcome was not taken\n");
	buf_fini(&line);
	free(r->id);
	free(r->what);
	memset(r, 0, sizeof(*r));
	if (--a->pending == 0 && a->done)
		asker_close(a);
}

static struct request *request_find(struct app *app, const char *id)
{
	size_t i;

	for (i = 0; id && i < MAX_REQUESTS; i++)
		if (app->requests[i].asker && strcmp(app->requests[i].id, id) == 0)
			return &app->requests[i];
	return NULL;
}

static void refuse(struct asker *a, const char *why)
{
	if (dprintf(a->fd, "result=refused text=\"%s\"\n", why) < 0)
		fprintf(stderr, "component: an outcome was not taken\n");
}

/* LINE: "kind from to [ms]" */
static void request_start(struct app *app, struct asker *a, const char *line)
{
	char kind[16], from[256], to[256], id[32];
	unsigned ms = DEFAULT_MS;
	struct attachment *at = NULL;
	struct request *r = NULL;
	const char *domain;
	size_t i;

	if (sscanf(line, "%15s %255s %255s %u", kind, from, to, &ms) < 3) {
		refuse(a, "a request is: kind from to [milliseconds]");
		return;
	}
	domain = strchr(from, '@');
	domain = domain ? domain + 1 : from;
	for (i = 0; i < app->count; i++)
		if (strcmp(app->attachments[i].domain, domain) == 0)
			at = &app->attachments[i];
	for (i = 0; i < MAX_REQUESTS && !r; i++)
		if (!app->requests[i].asker)
			r = &app->requests[i];
	if (!at || !r) {
		refuse(a, at ? "too many requests" : "not attached");
		return;
	}
	snprintf(id, sizeof(id), "%ld-%u", (long)getpid(), ++app->serial);
	r->asker = a;
	r->id = mem_strdup(id);
	r->what = mem_new(sizeof(kind) + sizeof(from) + sizeof(to) + 32);
	sprintf(r->what, "kind=%s from=%s to=%s", kind, from, to);
	r->start = clock_monotonic_ms();
	r->deadline = r->start + ms;
	a->pending++;
	if (strcmp(kind, "message") == 0) {
		add_start(&at->out, "message", "chat", from, to, "", id);
		buf_addf(&at->out, "<body>message %s</body></message>", id);
		return;
	}
	add_start(&at->out, "iq", "get", from, to, "", id);
	buf_adds(&at->out, strcmp(kind, "ping") == 0 ? "<ping xmlns='urn:xmpp:ping'/></iq>"
						     : "<query xmlns='jabber:iq:version'/></iq>");
}

static uint64_t requests_expire(struct app *app)
{
	uint64_t now = clock_monotonic_ms(), next = now + 60000;
	struct buf outcome;
	size_t i;

	for (i = 0; i < MAX_REQUESTS; i++) {
		struct request *r = &app->requests[i];
		if (!r->asker)
			continue;
		if (r->deadline > now) {
			next = r->deadline < next ? r->deadline : next;
			continue;
		}
		buf_init(&outcome, 64);
		buf_adds(&outcome, "result=silence");
		request_finish(r, &outcome);
		buf_fini(&outcome);
	}
	return next - now;
}

/* ---- what comes in ---- */

static const char *text_of(const struct element *e, const char *ns, const char *name)
{
	const struct element *child = e ? element_child(e, ns, name) : NULL;

	return child ? child->text : NULL;
}

static void on_bounce(struct request *r, const struct element *e)
{
	const struct element *error = element_child(e, NULL, "error");
	const struct element *c = error ? error->children : NULL;
	const char *text = text_of(error, NS_STANZA_ERRORS, "text");
	struct buf outcome;

	while (c && (strcmp(c->ns, NS_STANZA_ERRORS) != 0 || strcmp(c->name, "text") == 0))
		c = c->next;
	buf_init(&outcome, BUF_MAX_DEFAULT);
	buf_addf(&outcome, "result=bounce condition=%s type=%s", c ? c->name : "none",
		 error && element_attribute(error, "type") ? element_attribute(error, "type")
							   : "none");
	add_value(&outcome, "text", text);
	request_finish(r, &outcome);
	buf_fini(&outcome);
}

static void on_reply(struct request *r, const struct element *e)
{
	const struct element *query = element_child(e, "jabber:iq:version", "query");
	struct buf outcome;

	buf_init(&outcome, BUF_MAX_DEFAULT);
	buf_adds(&outcome, "result=reply");
	if (query) {
		add_value(&outcome, "name", text_of(query, NULL, "name"));
		add_value(&outcome, "version", text_of(query, NULL, "version"));
	} else {
		add_value(&outcome, "text", text_of(e, NULL, "body"));
	}
	request_finish(r, &outcome);
	buf_fini(&outcome);
}

static void answer_message(struct attachment *at, const struct element *e)
{
	const char *body = text_of(e, NULL, "body");

	add_start(&at->out, "message", "chat", element_attribute(e, "to"),
		  element_attribute(e, "from"), "re-", element_attribute(e, "id"));
	buf_adds(&at->out, "<body>");
	if (body)
		buf_add_xml(&at->out, body, strlen(body));
	buf_adds(&at->out, "</body></message>");
}

static void answer_iq(struct attachment *at, const struct element *e)
{
	bool ping = element_child(e, "urn:xmpp:ping", "ping");
	bool version = element_child(e, "jabber:iq:version", "query");

	add_start(&at->out, "iq", ping || version ? "result" : "error", element_attribute(e, "to"),
		  element_attribute(e, "from"), "", element_attribute(e, "id"));
	if (version)
		buf_adds(&at->out, "<query xmlns='jabber:iq:version'><name>component</name>"
				   "<version>1</version></query>");
	else if (!ping)
		buf_adds(&at->out, "<error type='cancel'><service-unavailable "
				   "xmlns='" NS_STANZA_ERRORS "'/></error>");
	buf_adds(&at->out, "</iq>");
}

static void on_stanza_element(struct attachment *at, const struct element *e)
{
	const char *type = element_attribute(e, "type"), *id = element_attribute(e, "id");
	bool message = strcmp(e->name, "message") == 0, reply;
	struct request *r;

	if (type && strcmp(type, "error") == 0) {
		r = request_find(at->app, id);
		if (r)
			on_bounce(r, e);
		return;
	}
	reply = message ? id && strncmp(id, "re-", 3) == 0 : type && strcmp(type, "result") == 0;
	if (reply) {
		r = request_find(at->app, message ? id + 3 : id);
		if (r)
			on_reply(r, e);
		return;
	}
	if (strcmp(e->name, "presence") == 0)
		return;
	printf("received kind=%s to=%s from=%s id=%s\n", e->name, element_attribute(e, "to"),
	       element_attribute(e, "from"), id ? id : "");
	if (message)
		answer_message(at, e);
	else
		answer_iq(at, e);
}

static int on_header(void *context, const struct xml_header *h)
{
	struct attachment *at = context;
	char handshake[COMPONENT_HANDSHAKE_SIZE];

	errno = 0;
	if (component_handshake(h->id ? h->id : "", at->app->secret, handshake))
		die("no handshake for", at->domain);
	buf_addf(&at->out, "<handshake>%s</handshake>", handshake);
	return 0;
}

static int on_element(void *context, const struct element *e)
{
	struct attachment *at = context;

	if (element_is(e, NS_STREAM, "error")) {
		printf("error domain=%s condition=%s text=\"%s\"\n", at->domain,
		       e->children ? e->children->name : "none",
		       e->children && e->children->next ? e->children->next->text : "");
		errno = 0;
		die("the server refuses", at->domain);
	}
	if (strcmp(e->name, "handshake") == 0) {
		at->attached = true;
		printf("attached domain=%s\n", at->domain);
		return 0;
	}
	on_stanza_element(at, e);
	return 0;
}

static int on_stanza(void *context, struct stanza *s)
{
	(void)context;
	(void)s;
	return 0; /* none is taken for one, see NO_STANZAS */
}

static int on_footer(void *context)
{
	(void)context;
	return 0;
}

static const struct xml_stream_events stream_events = { on_header, on_element, on_stanza,
							on_footer };

/* ---- sockets ---- */

static int try_connect(const struct sockaddr_in *server)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("no", "socket");
	if (connect(fd, (const struct sockaddr *)server, sizeof(*server)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* A server may still be starting. */
static int connect_by(const struct sockaddr_in *server, uint64_t deadline)
{
	int fd;

	while ((fd = try_connect(server)) < 0 && clock_monotonic_ms() < deadline)
		poll(NULL, 0, RETRY_MS);
	return fd;
}

static void attach(struct app *app, struct attachment *at)
{
	struct xml_stream_limits limits = XML_STREAM_LIMITS_DEFAULT;

	at->app = app;
	at->fd = connect_by(&app->server, clock_monotonic_ms() + START_MS);
	if (at->fd < 0)
		die("cannot connect for", at->domain);
	at->stream = xml_stream_new(&stream_events, at, &limits, NO_STANZAS);
	if (!at->stream)
		die("no memory for", at->domain);
	buf_init(&at->out, BUF_MAX_DEFAULT);
	buf_adds(&at->out, "<?xml version='1.0'?><stream:stream xmlns='" NS_COMPONENT
			   "' xmlns:stream='" NS_STREAM "'");
	add_attribute(&at->out, "to", at->domain);
	buf_addc(&at->out, '>');
}

static void attachment_read(struct attachment *at)
{
	char data[16384];
	ssize_t n = read(at->fd, data, sizeof(data));

	if (n <= 0) {
		printf("detached domain=%s\n", at->domain);
		errno = n < 0 ? errno : 0;
		die("the server left", at->domain);
	}
	if (xml_stream_feed(at->stream, data, (size_t)n, NULL) < 0)
		die("cannot read what came for", at->domain);
}

static void attachment_write(struct attachment *at)
{
	ssize_t n;

	if (buf_failed(&at->out))
		die("too much to write for", at->domain);
	n = send(at->fd, at->out.data, at->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n > 0)
		buf_shift(&at->out, (size_t)n);
	else if (n < 0 && errno != EAGAIN)
		die("cannot write for", at->domain);
}

static struct sockaddr_un unix_address(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	errno = 0;
	if (str_copy(sun.sun_path, sizeof(sun.sun_path), path, strlen(path)))
		die("too long a path:", path);
	return sun;
}

/* Under its name only once it listens: whoever sees it may ask. */
static void listen_when_attached(struct app *app)
{
	struct sockaddr_un sun;
	char temporary[sizeof(sun.sun_path)];
	size_t i;

	for (i = 0; i < app->count; i++)
		if (!app->attachments[i].attached)
			return;
	if (app->listener >= 0)
		return;
	if (str_format(temporary, sizeof(temporary), "%s.new", app->socket_path))
		die("too long a path:", app->socket_path);
	sun = unix_address(temporary);
	app->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (app->listener < 0 || bind(app->listener, (struct sockaddr *)&sun, sizeof(sun)) ||
	    listen(app->listener, MAX_ASKERS) || rename(temporary, app->socket_path))
		die("cannot listen at", app->socket_path);
	printf("ready domains=%zu\n", app->count);
}

static void asker_accept(struct app *app)
{
	int fd = accept(app->listener, NULL, NULL);
	size_t i;

	for (i = 0; fd >= 0 && i < MAX_ASKERS; i++)
		if (app->askers[i].fd < 0) {
			memset(&app->askers[i], 0, sizeof(app->askers[i]));
			app->askers[i].fd = fd;
			buf_init(&app->askers[i].in, BUF_MAX_DEFAULT);
			return;
		}
	if (fd >= 0)
		close(fd);
}

static void asker_read(struct app *app, struct asker *a)
{
	char data[4096], *end;
	ssize_t n = read(a->fd, data, sizeof(data));

	if (n > 0)
		buf_add(&a->in, data, (size_t)n);
	else
		a->done = true;
	while (a->in.len > 0 && (end = memchr(a->in.data, '\n', a->in.len)) != NULL) {
		*end = '\0';
		request_start(app, a, a->in.data);
		buf_shift(&a->in, (size_t)(end - a->in.data) + 1);
	}
	if (a->done && a->pending == 0)
		asker_close(a);
}

static void turn(struct app *app)
{
	struct pollfd fds[MAX_DOMAINS + MAX_ASKERS + 1];
	struct attachment *at;
	uint64_t wait = requests_expire(app);
	size_t i;

	for (i = 0; i < app->count; i++) {
		at = &app->attachments[i];
		fds[i] = (struct pollfd){ at->fd, POLLIN, 0 };
		if (at->out.len > 0)
			fds[i].events |= POLLOUT;
	}
	for (i = 0; i < MAX_ASKERS; i++)
		fds[MAX_DOMAINS + i] =
			(struct pollfd){ app->askers[i].done ? -1 : app->askers[i].fd, POLLIN, 0 };
	fds[MAX_DOMAINS + MAX_ASKERS] = (struct pollfd){ app->listener, POLLIN, 0 };
	for (i = app->count; i < MAX_DOMAINS; i++)
		fds[i] = (struct pollfd){ -1, 0, 0 };
	if (poll(fds, MAX_DOMAINS + MAX_ASKERS + 1, (int)wait + 1) < 0)
		die("cannot", "poll");
	for (i = 0; i < app->count; i++) {
		at = &app->attachments[i];
		if (fds[i].revents & (POLLIN | POLLHUP | POLLERR))
			attachment_read(at);
		if (at->out.len > 0)
			attachment_write(at);
	}
	for (i = 0; i < MAX_ASKERS; i++)
		if (app->askers[i].fd >= 0 && fds[MAX_DOMAINS + i].revents)
			asker_read(app, &app->askers[i]);
	if (fds[MAX_DOMAINS + MAX_ASKERS].revents)
		asker_accept(app);
	listen_when_attached(app);
}

/* "127.0.0.1:5347" */
static struct sockaddr_in parse_address(const char *text)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	const char *colon = strrchr(text, ':');
	char host[64];
	uint64_t port;

	errno = 0;
	if (!colon || str_copy(host, sizeof(host), text, (size_t)(colon - text)) ||
	    inet_pton(AF_INET, host, &sin.sin_addr) != 1 || str_u64(colon + 1, &port) ||
	    port > 65535)
		die("not an IPv4 address and port:", text);
	sin.sin_port = htons((uint16_t)port);
	return sin;
}

static _Noreturn void serve(int argc, char **argv)
{
	struct app *app = mem_new(sizeof(*app));
	int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	app->socket_path = argv[0];
	app->server = parse_address(argv[1]);
	app->secret = argv[2];
	app->listener = -1;
	for (i = 0; i < MAX_ASKERS; i++)
		app->askers[i].fd = -1;
	if (argc - 3 > MAX_DOMAINS)
		die("too many", "domains");
	for (i = 3; i < argc; i++) {
		app->attachments[app->count].domain = argv[i];
		attach(app, &app->attachments[app->count++]);
	}
	for (;;)
		turn(app);
}

int main(int argc, char **argv)
{
	if (argc < 5) {
		fprintf(stderr, "usage: component SOCKET ADDRESS:PORT SECRET DOMAIN...\n");
		return 2;
	}
	serve(argc - 1, argv + 1);
}
