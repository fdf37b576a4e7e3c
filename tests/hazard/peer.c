#include "peer.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "xmpp/component_handshake.h"
#include "xmpp/dialback_key.h"

#define WAIT_MS 20000
#define IN_MAX ((size_t)64 << 20)

static void die(const struct peer *p, const char *what, const char *which)
{
	char left[400];

	printf("# peer: %s: %s\n", what, which);
	if (p && p->in.len) {
		snprintf(left, sizeof(left), "%.*s", (int)p->in.len, p->in.data);
		printf("# it has read: %s\n", left);
	}
	daemon_die(what, which);
}

int peer_listen(struct daemon *d, int last)
{
	return peer_listen_at(d, last, 5269);
}

int peer_listen_at(struct daemon *d, int last, int port)
{
	struct sockaddr_in at = daemon_address(d, last, port);
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 128)) {
		perror("# peer_listen");
		exit(1);
	}
	return fd;
}

bool peer_is_dialled(int listener, int ms)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };

	return poll(&p, 1, ms) > 0;
}

static void init(struct peer *p, struct daemon *d, int fd)
{
	static const int on = 1;

	memset(p, 0, sizeof(*p));
	p->daemon = d;
	p->fd = fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	buf_init(&p->in, IN_MAX);
}

void peer_accept(struct peer *p, struct daemon *d, int listener)
{
	init(p, d, -1);
	if (!peer_is_dialled(listener, WAIT_MS))
		die(p, "nobody connects", "");
	init(p, d, accept4(listener, NULL, NULL, SOCK_CLOEXEC));
}

bool peer_try_connect(struct peer *p, struct daemon *d, int last, int port)
{
	struct sockaddr_in from = daemon_address(d, last, 0), to = daemon_address(d, 1, port);
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	init(p, d, fd);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return !bind(fd, (struct sockaddr *)&from, sizeof(from)) &&
	       !connect(fd, (struct sockaddr *)&to, sizeof(to));
}

void peer_connect(struct peer *p, struct daemon *d, int last, int port)
{
	if (!peer_try_connect(p, d, last, port))
		die(p, "cannot connect", strerror(errno));
}

void peer_close(struct peer *p)
{
	SSL_free(p->ssl);
	SSL_CTX_free(p->context);
	if (p->fd >= 0)
		close(p->fd);
	buf_fini(&p->in);
	memset(p, 0, sizeof(*p));
	p->fd = -1;
}

void peer_reset(struct peer *p)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	peer_close(p);
}

static void write_all(struct peer *p, const char *data, size_t len)
{
	while (len) {
		ssize_t n;
		if (p->ssl) {
			n = SSL_write(p->ssl, data, (int)(len < 16384 ? len : 16384));
			if (n <= 0)
				return; /* the end shows when it is read */
		} else {
			n = send(p->fd, data, len, MSG_NOSIGNAL);
			if (n < 0)
				return;
		}
		data += n;
		len -= (size_t)n;
	}
}

void peer_send(struct peer *p, const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	write_all(p, text, strlen(text));
	free(text);
}

size_t peer_push(struct peer *p, const char *data, size_t len)
{
	ssize_t n = send(p->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	return n < 0 ? 0 : (size_t)n;
}

size_t peer_push_all(struct peer *p, const char *data, size_t len, int stall_ms)
{
	struct pollfd poller = { .fd = p->fd, .events = POLLOUT };
	size_t gone = 0;

	while (gone < len && poll(&poller, 1, stall_ms) > 0) {
		size_t n = peer_push(p, data + gone, len - gone);
		if (!n)
			break;
		gone += n;
	}
	return gone;
}

/* False when the time is over. */
static bool read_more(struct peer *p, uint64_t deadline)
{
	struct pollfd poller = { .fd = p->fd, .events = POLLIN };
	uint64_t now = clock_monotonic_ms();
	char *room = buf_reserve(&p->in, 65536);
	ssize_t n;

	if (!room)
		die(p, "too much came", "");
	if (!p->ssl || !SSL_has_pending(p->ssl)) {
		if (poll(&poller, 1, now < deadline ? (int)(deadline - now) : 0) <= 0)
			return false;
	}
	n = p->ssl ? SSL_read(p->ssl, room, 65536) : recv(p->fd, room, 65536, 0);
	if (n > 0)
		p->in.len += (size_t)n;
	else
		p->ended = true;
	return true;
}

static bool take(struct peer *p, const char *text)
{
	const char *hit = strstr(buf_str(&p->in), text);
	const char *id;

	if (!hit)
		return false;
	for (id = p->in.data; (id = strstr(id, " id='")) && id < hit;) {
		size_t len = strcspn(id + 5, "'");
		id += 5;
		if (len < sizeof(p->id)) {
			memcpy(p->id, id, len);
			p->id[len] = '\0';
		}
		break;
	}
	buf_shift(&p->in, (size_t)(hit - p->in.data) + strlen(text));
	return true;
}

bool peer_hears(struct peer *p, const char *text, int ms)
{
	uint64_t deadline = clock_monotonic_ms() + (uint64_t)ms;

	while (!take(p, text))
		if (p->ended || !read_more(p, deadline))
			return take(p, text);
	return true;
}

void peer_expect(struct peer *p, const char *text)
{
	if (!peer_hears(p, text, WAIT_MS))
		die(p, p->ended ? "the end came before" : "did not come", text);
}

const char *peer_until(struct peer *p, const char *text)
{
	uint64_t deadline = clock_monotonic_ms() + WAIT_MS;
	static char upto[8192];
	const char *hit;

	while (!(hit = strstr(buf_str(&p->in), text)))
		if (p->ended || !read_more(p, deadline))
			die(p, "did not come", text);
	snprintf(upto, sizeof(upto), "%.*s", (int)(hit - p->in.data), p->in.data);
	peer_expect(p, text);
	return upto;
}

bool peer_is_ended(struct peer *p, int ms)
{
	uint64_t deadline = clock_monotonic_ms() + (uint64_t)ms;

	while (!p->ended)
		if (!read_more(p, deadline))
			return false;
	return true;
}

void peer_expect_end(struct peer *p, const char *text)
{
	if (!peer_is_ended(p, WAIT_MS))
		die(p, "did not end", text ? text : "");
	if (text && !take(p, text))
		die(p, "did not come before the end", text);
}

static int accept_any(int good, X509_STORE_CTX *context)
{
	(void)good;
	(void)context;
	return 1;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
			   const unsigned char *in, unsigned in_len, void *chosen)
{
	(void)ssl;
	(void)in;
	(void)in_len;
	*out = chosen;
	*out_len = (unsigned char)strlen(chosen);
	return SSL_TLSEXT_ERR_OK;
}

static void show(struct peer *p, const char *name)
{
	if (SSL_CTX_use_certificate_chain_file(p->context,
					       pki_path(&p->daemon->pki, name, ".crt")) != 1 ||
	    SSL_CTX_use_PrivateKey_file(p->context, pki_path(&p->daemon->pki, name, ".key"),
					SSL_FILETYPE_PEM) != 1)
		die(p, "no certificate", name);
}

bool peer_try_tls(struct peer *p, const struct peer_tls *how)
{
	p->context = SSL_CTX_new(TLS_method());
	SSL_CTX_set_max_proto_version(p->context, how->version);
	SSL_CTX_set_verify(p->context, SSL_VERIFY_PEER, accept_any);
	if (how->certificate)
		show(p, how->certificate);
	if (how->server && how->protocol)
		SSL_CTX_set_alpn_select_cb(p->context, choose_protocol, (void *)how->protocol);
	p->ssl = SSL_new(p->context);
	SSL_set_fd(p->ssl, p->fd);
	if (!how->server && how->protocol)
		SSL_set_alpn_protos(p->ssl, (const unsigned char *)how->protocol,
				    (unsigned)strlen(how->protocol));
	if (how->sni)
		SSL_set_tlsext_host_name(p->ssl, how->sni);
	if (how->session)
		SSL_set_session(p->ssl, how->session);
	buf_clear(&p->in);
	return (how->server ? SSL_accept(p->ssl) : SSL_connect(p->ssl)) == 1;
}

static void start_tls(struct peer *p, bool server, const char *name, int version)
{
	if (!peer_try_tls(p, &(struct peer_tls){
				     .server = server, .certificate = name, .version = version }))
		die(p, "no handshake", name ? name : "");
}

const char *peer_shown(const struct peer *p)
{
	X509 *x = SSL_get0_peer_certificate(p->ssl);
	static char name[200];

	name[0] = '\0';
	if (x)
		X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, name,
					  sizeof(name));
	return name;
}

void peer_tls(struct peer *p, bool server, const char *name)
{
	start_tls(p, server, name, 0);
}

void peer_tls_12(struct peer *p, bool server, const char *name)
{
	start_tls(p, server, name, TLS1_2_VERSION);
}

long peer_serial(const struct peer *p)
{
	X509 *x = SSL_get1_peer_certificate(p->ssl);
	long serial = x ? ASN1_INTEGER_get(X509_get0_serialNumber(x)) : -1;

	X509_free(x);
	return serial;
}

void peer_open(struct peer *p, const char *from, const char *to)
{
	peer_send(p, PEER_HEADER "from='%s' to='%s' version='1.0'>", from, to);
	peer_expect(p, "</stream:features>");
}

void peer_answer_open(struct peer *p, const char *from, const char *id, const char *features)
{
	peer_expect(p, "version='1.0'>");
	peer_send(p, PEER_HEADER "from='%s' id='%s' version='1.0'>%s", from, id, features);
}

void peer_starttls(struct peer *p, const char *from, const char *to)
{
	peer_open(p, from, to);
	peer_send(p, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	peer_expect(p, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
}

void peer_answer_starttls(struct peer *p, const char *from, const char *certificate)
{
	peer_answer_open(p, from, "clear", PEER_STARTTLS_FEATURES);
	peer_expect(p, "<starttls ");
	peer_send(p, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	peer_tls(p, true, certificate);
}

void peer_open_tls(struct peer *p, const char *from, const char *to, const char *certificate)
{
	peer_starttls(p, from, to);
	peer_tls(p, false, certificate);
	peer_open(p, from, to);
}

void peer_external(struct peer *p, const char *from, const char *to)
{
	peer_open_tls(p, from, to, from);
	peer_send(p,
		  "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>");
	peer_expect(p, "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
	peer_open(p, from, to);
}

void peer_component_ask(struct peer *p, struct daemon *d, const char *domain)
{
	static const char secret[] = "a component's secret";
	char handshake[COMPONENT_HANDSHAKE_SIZE];

	peer_connect(p, d, 1, 5347);
	peer_send(p, PEER_COMPONENT_HEADER "to='%s'>", domain);
	peer_expect(p, domain);
	peer_expect(p, ">");
	if (component_handshake(p->id, secret, handshake))
		abort();
	peer_send(p, "<handshake>%s</handshake>", handshake);
}

void peer_component(struct peer *p, struct daemon *d)
{
	peer_component_ask(p, d, "us.test");
	peer_expect(p, "<handshake/>");
}

void peer_dialback_in(struct peer *p, struct daemon *d, int last, int listener, const char *from,
		      const char *to)
{
	struct peer out;

	peer_connect(p, d, last, 5269);
	peer_open(p, from, to);
	peer_send(p, "<db:result from='%s' to='%s'>key</db:result>", from, to);
	peer_accept(&out, d, listener);
	peer_answer_open(&out, from, "verify", PEER_DIALBACK_FEATURES);
	peer_expect(&out, "</db:verify>");
	peer_send(&out, "<db:verify from='%s' to='%s' id='%s' type='valid'/>", from, to, p->id);
	peer_expect(p, "type='valid'");
	peer_close(&out);
}

void peer_dialback_out(struct peer *p, struct daemon *d, int listener, const char *from,
		       const char *to)
{
	peer_accept(p, d, listener);
	peer_answer_open(p, from, "out", PEER_DIALBACK_FEATURES);
	peer_expect(p, "</db:result>");
	peer_send(p, "<db:result from='%s' to='%s' type='valid'/>", from, to);
}

static void count_one(struct tally *t, const char *stanza)
{
	const char *id = strstr(stanza, " id='m");
	unsigned number = id ? (unsigned)atoi(id + 6) : TALLY_MAX;

	if (number >= TALLY_MAX)
		return;
	if (strstr(stanza, " type='error'")) {
		t->bounced[number]++;
		t->bounces++;
		t->full += strstr(stanza, "<resource-constraint ") != NULL;
		snprintf(t->last_bounce, sizeof(t->last_bounce), "%s", stanza);
		return;
	}
	t->got[number]++;
	t->disorder |= t->gots && number <= t->last;
	t->last = number;
	t->gots++;
}

static void count_all(struct peer *p, struct tally *t)
{
	static const char end_tag[] = "</message>";
	char *at = (char *)buf_str(&p->in), *start = at, *end;

	while ((end = strstr(at, end_tag))) {
		*end = '\0';
		count_one(t, at);
		at = end + sizeof(end_tag) - 1;
	}
	buf_shift(&p->in, (size_t)(at - start));
}

void peer_tally(struct peer *p, struct tally *t, unsigned until, int quiet_ms)
{
	count_all(p, t);
	while (!p->ended && t->gots + t->bounces < until) {
		if (!read_more(p, clock_monotonic_ms() + (uint64_t)quiet_ms))
			return;
		count_all(p, t);
	}
}

void peer_messages(struct buf *out, const char *from, const char *to, unsigned first,
		   unsigned count, size_t body)
{
	unsigned i;
	size_t k;

	for (i = first; i < first + count; i++) {
		buf_addf(out, "<message from='%s' to='%s' id='m%06u'><body>", from, to, i);
		for (k = 0; k < body; k += 10)
			buf_adds(out, "0123456789");
		buf_adds(out, "</body></message>");
	}
}

const char *peer_key(const char *receiving, const char *originating, const char *id)
{
	static char key[DIALBACK_KEY_SIZE];
	struct dialback_secret secret;

	if (dialback_secret_init(&secret, DAEMON_SECRET, strlen(DAEMON_SECRET)) ||
	    dialback_key(&secret, receiving, originating, id, key))
		abort();
	return key;
}
