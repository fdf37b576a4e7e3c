/* Components: one for each domain, which send, receive, and behave as badly as they are told. */
#include <errno.h>
#include <expat.h>
#include <netinet/tcp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "history.h"
#include "soak.h"

#define OUT_MAX 32768	/* more is not composed */
#define OUTSTANDING 400 /* of a pair; below what a gateway lets wait */
#define TRICKLE_MS 100	/* where nothing is heard any more one is sent that often */
#define FAREWELL_MS 20000

struct mate {
	struct watch watch;
	int domain;
	enum { AWAY, CONNECTING, SHAKING, ATTACHED, LEAVING } state;
	XML_Parser parser;
	int depth;
	bool shut; /* our direction */
	char out[OUT_MAX + 16384];
	size_t from, to;
	uint64_t again, deaf_until, give_up;
	/* the stanza that is read */
	int bounce;
	uint64_t number;
	char condition[20];
	bool has_number;
};

static struct mates {
	struct mate all[DOMAINS_MAX];
	char secret[MATE_SECRET_MAX];
	uint64_t trickled[DOMAINS_MAX * DOMAINS_MAX];
	char input[65536];
} mates;

static const char *attribute(const char **attributes, const char *name)
{
	for (; *attributes; attributes += 2)
		if (!strcmp(attributes[0], name))
			return attributes[1];
	return NULL;
}

static void put(struct mate *m, const char *data, size_t len)
{
	if (m->from == m->to)
		m->from = m->to = 0;
	if (m->to + len > sizeof(m->out)) {
		memmove(m->out, m->out + m->from, m->to - m->from);
		m->to -= m->from;
		m->from = 0;
	}
	memcpy(m->out + m->to, data, len);
	m->to += len;
}

static void watch_mate(struct mate *m)
{
	uint32_t events = soak.now < m->deaf_until ? 0 : EPOLLIN;

	if (m->from < m->to || m->state == CONNECTING)
		events |= EPOLLOUT;
	watch_set(&m->watch, events);
}

/* A link without an end that both know of: XEP-0114 acknowledges nothing. */
static void excuse(const struct mate *m, bool inward)
{
	int i;

	for (i = 0; i < soak.domain_count; i++) {
		if (soak.domains[i].server == soak.domains[m->domain].server)
			continue;
		history_excuse(m->domain, i, EXCUSE_LINK);
		if (inward)
			history_excuse(i, m->domain, EXCUSE_LINK);
	}
}

static void end(struct mate *m, uint64_t pause)
{
	if (m->state == AWAY)
		return;
	watch_end(&m->watch);
	m->state = AWAY;
	m->again = soak.now + pause;
	m->deaf_until = 0;
}

static void flush(struct mate *m)
{
	ssize_t n;

	while (m->from < m->to) {
		n = send(m->watch.fd, m->out + m->from, m->to - m->from, MSG_NOSIGNAL);
		if (n < 0)
			break;
		m->from += (size_t)n;
	}
}

static void shake(struct mate *m, const char *id)
{
	unsigned char digest[SHA_DIGEST_LENGTH];
	char text[256], hex[2 * SHA_DIGEST_LENGTH + 1];
	size_t i;

	snprintf(text, sizeof(text), "%s%s", id ? id : "", mates.secret);
	SHA1((const unsigned char *)text, strlen(text), digest);
	for (i = 0; i < SHA_DIGEST_LENGTH; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	snprintf(text, sizeof(text), "<handshake>%s</handshake>", hex);
	put(m, text, strlen(text));
	m->state = SHAKING;
}

static void on_start(void *context, const char *name, const char **attributes)
{
	struct mate *m = context;
	const char *id = attribute(attributes, "id"), *type = attribute(attributes, "type");
	const char *to = attribute(attributes, "to"), *from = attribute(attributes, "from");

	if (m->depth++ == 0) {
		shake(m, id);
		return;
	}
	if (m->depth == 2) {
		m->has_number = id && id[0] == 's' && to && from;
		m->number = m->has_number ? strtoull(id + 1, NULL, 10) : 0;
		/* what is an error by itself has an id that says so */
		m->bounce = type && !strcmp(type, "error") && m->has_number && !strchr(id, 'e');
		m->condition[0] = '\0';
		if (!strcmp(name, "handshake"))
			m->state = ATTACHED;
	} else if (m->depth == 4 && m->bounce && !m->condition[0] && strcmp(name, "text")) {
		snprintf(m->condition, sizeof(m->condition), "%.19s", name);
	}
}

static void on_stop(void *context, const char *name)
{
	struct mate *m = context;

	(void)name;
	if (--m->depth != 1 || !m->has_number)
		return;
	if (m->bounce)
		history_bounced(m->number, m->domain, m->condition);
	else
		history_delivered(m->number, m->domain);
}

static void begin(struct mate *m)
{
	static const int on = 1;
	char text[300];
	int server = soak.domains[m->domain].server;
	struct sockaddr_in a = soak_address(1 + server, 5347);
	int fd = soak_socket(SOCK_STREAM);

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) && errno != EINPROGRESS) {
		close(fd);
		m->again = soak.now + 100;
		return;
	}
	if (m->parser)
		XML_ParserReset(m->parser, NULL);
	else
		m->parser = XML_ParserCreate(NULL);
	XML_SetUserData(m->parser, m);
	XML_SetElementHandler(m->parser, on_start, on_stop);
	m->depth = 0;
	m->shut = false;
	m->has_number = false;
	m->from = m->to = 0;
	m->state = CONNECTING;
	snprintf(text, sizeof(text),
		 "<stream:stream xmlns='jabber:component:accept' "
		 "xmlns:stream='http://etherx.jabber.org/streams' to='%s'>",
		 soak.domains[m->domain].name);
	put(m, text, strlen(text));
	watch_add(&m->watch, fd, EPOLLOUT);
}

/* The server's end of it: everything that it had for us came. What we wrote last it may not have read. */
static void on_over(struct mate *m)
{
	if (m->state == ATTACHED || m->state == SHAKING)
		excuse(m, false);
	end(m, m->state == CONNECTING || m->state == SHAKING ? 200 : 50);
}

static void take(struct mate *m)
{
	ssize_t n;
	int rounds;

	for (rounds = 0; rounds < 4; rounds++) {
		n = recv(m->watch.fd, mates.input, sizeof(mates.input), 0);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			if (n < 0 && m->state == LEAVING)
				excuse(m, true);
			on_over(m);
			return;
		}
		if (!XML_Parse(m->parser, mates.input, (int)n, 0)) {
			printf("\n# %s got what is no XML: %s\n", soak.domains[m->domain].name,
			       XML_ErrorString(XML_GetErrorCode(m->parser)));
			excuse(m, true);
			end(m, 50);
			return;
		}
		/* the end of its stream: ours ends, too */
		if (m->depth == 0 && m->state == ATTACHED)
			mate_leave(m->domain, false);
		if ((size_t)n < sizeof(mates.input))
			return;
	}
}

static void on_mate(struct watch *w, uint32_t events)
{
	struct mate *m = w->owner;

	if (m->state == CONNECTING && (events & (EPOLLERR | EPOLLHUP))) {
		end(m, 200);
		return;
	}
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		take(m);
	if (m->state == AWAY)
		return;
	flush(m);
	if (m->state == CONNECTING && m->from == m->to)
		m->state = SHAKING;
	if (m->state == LEAVING && m->from == m->to && !m->shut) {
		m->shut = true;
		shutdown(m->watch.fd, SHUT_WR);
	}
	watch_mate(m);
}

void mates_begin(const char *secret)
{
	int i;

	snprintf(mates.secret, sizeof(mates.secret), "%s", secret);
	for (i = 0; i < soak.domain_count; i++) {
		mates.all[i].domain = i;
		mates.all[i].watch.on = on_mate;
		mates.all[i].watch.owner = &mates.all[i];
	}
}

void mates_tick(void)
{
	int i;

	for (i = 0; i < soak.domain_count; i++) {
		struct mate *m = &mates.all[i];
		if (m->state == AWAY && soak.now >= m->again) {
			begin(m);
		} else if (m->state == LEAVING && soak.now >= m->give_up) {
			excuse(m, true);
			end(m, 50);
		} else if (m->state != AWAY) {
			flush(m);
			watch_mate(m);
		}
	}
}

bool mates_are_attached(void)
{
	int i;

	for (i = 0; i < soak.domain_count; i++)
		if (mates.all[i].state != ATTACHED)
			return false;
	return true;
}

void mates_heal(void)
{
	int i;

	for (i = 0; i < soak.domain_count; i++)
		mates.all[i].deaf_until = 0;
}

void mate_leave(int domain, bool abruptly)
{
	struct mate *m = &mates.all[domain];

	if (m->state != ATTACHED)
		return;
	if (abruptly) {
		excuse(m, true);
		soak_reset(m->watch.fd);
		end(m, 50 + chance(2000));
		return;
	}
	m->state = LEAVING;
	m->give_up = soak.now + FAREWELL_MS;
	m->deaf_until = 0;
	put(m, "</stream:stream>", 16);
	/* where the server closed first it may not read what we wrote since */
	if (m->depth == 0)
		excuse(m, false);
	watch_mate(m);
}

void mate_be_deaf(int domain, uint64_t until)
{
	mates.all[domain].deaf_until = until;
}

static enum kind chosen_kind(void)
{
	uint32_t n = chance(100);

	return n < 80	? KIND_MESSAGE
	       : n < 86 ? KIND_IQ
	       : n < 92 ? KIND_PRESENCE
	       : n < 96 ? KIND_ERROR
			: KIND_RESULT;
}

/* Where nothing was heard of so many, one now and then finds out whether there is a way again. */
static bool may_send(int from, int to)
{
	uint64_t *trickled = &mates.trickled[from * DOMAINS_MAX + to];

	if (history_outstanding(from, to) < OUTSTANDING)
		return true;
	if (soak.now < *trickled)
		return false;
	*trickled = soak.now + TRICKLE_MS;
	return true;
}

bool mate_send(int from, int to)
{
	static const char *const forms[] = {
		"<message from='u@%s/r' to='v@%s/r' id='s%llu' "
		"type='chat'><body>%.*s</body></message>",
		"<iq from='u@%s/r' to='v@%s/r' id='s%llu' type='get'><q "
		"xmlns='urn:x:soak'>%.*s</q></iq>",
		"<presence from='u@%s/r' to='v@%s/r' id='s%llu'><status>%.*s</status></presence>",
		"<message from='u@%s/r' to='v@%s/r' id='s%llue' "
		"type='error'><body>%.*s</body></message>",
		"<iq from='u@%s/r' to='v@%s/r' id='s%llu' type='result'><q "
		"xmlns='urn:x:soak'>%.*s</q></iq>",
	};
	static char filling[4001];
	struct mate *m = &mates.all[from];
	enum kind kind;
	char text[4600];
	int n;

	if (m->state != ATTACHED || m->to - m->from > OUT_MAX || !may_send(from, to))
		return false;
	if (!filling[0])
		memset(filling, 'x', sizeof(filling) - 1);
	kind = chosen_kind();
	n = snprintf(text, sizeof(text), forms[kind], soak.domains[from].name,
		     soak.domains[to].name, (unsigned long long)history_sent(from, to, kind),
		     (int)(chance(100) ? chance(200) : chance(4000)), filling);
	put(m, text, (size_t)n);
	return true;
}
