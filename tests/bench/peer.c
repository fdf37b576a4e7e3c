#include "peer.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cost.h"

#define INPUT_MAX 16384 /* of a negotiation */

static const char *const method_names[] = { "sasl", "tls", "tcp" };

/* ---- text ---- */

static void put(struct peer *p, const char *text)
{
	line_write(&p->line, text, strlen(text));
	line_flush(&p->line);
}

/* The value of an attribute of the tag at TAG. */
static bool attribute(const char *tag, const char *name, char *out, size_t size)
{
	const char *end = strchr(tag, '>'), *at;
	size_t len = strlen(name);

	for (at = tag; end && (at = strstr(at, name)) && at < end; at += len) {
		if (at[-1] == ' ' && at[len] == '=') {
			size_t n = strcspn(at + len + 2, (char[]){ at[len + 1], '\0' });
			snprintf(out, size, "%.*s", (int)n, at + len + 2);
			return true;
		}
	}
	*out = '\0';
	return false;
}

static void eat(struct peer *p, const char *end)
{
	size_t n = (size_t)(end - p->in);

	p->in_len -= n;
	memmove(p->in, end, p->in_len + 1);
}

/* Behind the end of the element at the beginning of the input; NULL: it is not there yet. */
static const char *element_end(const struct peer *p, const char *name)
{
	const char *tag_end = strchr(p->in, '>'), *end;
	char closing[64];

	if (!tag_end)
		return NULL;
	if (tag_end[-1] == '/')
		return tag_end + 1;
	snprintf(closing, sizeof(closing), "</%s>", name);
	end = strstr(tag_end, closing);
	return end ? end + strlen(closing) : NULL;
}

static bool begins(const struct peer *p, const char *text)
{
	return !strncmp(p->in, text, strlen(text));
}

static void get_ready(struct peer *p)
{
	p->state = PEER_READY;
	p->bench->ready(p);
}

/* ---- initiating ---- */

static void write_header(struct peer *p)
{
	char text[512];

	snprintf(
		text, sizeof(text),
		"<?xml version='1.0'?><stream:stream xmlns='jabber:server' "
		"xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' "
		"from='%s' to='%s' version='1.0'>",
		p->domain, p->bench->domain);
	p->state = PEER_HEADER;
	put(p, text);
}

static void authenticate(struct peer *p, const char *features)
{
	char text[512];

	if (p->authenticated) {
		get_ready(p);
	} else if (p->method != PEER_TCP && !p->line.ssl) {
		p->state = PEER_PROCEED;
		put(p, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	} else if (p->method == PEER_SASL) {
		if (!strstr(features, "EXTERNAL"))
			cost_fail("EXTERNAL is not offered");
		p->state = PEER_SUCCESS;
		put(p,
		    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>");
	} else {
		p->state = PEER_VALID;
		snprintf(text, sizeof(text),
			 "<db:result from='%s' to='%s'>"
			 "b4835385f37fe2895af6c196b59097b16862406db80559900d96bf6fa7d23df3</"
			 "db:result>",
			 p->domain, p->bench->domain);
		put(p, text);
	}
}

static const char *features_end(const struct peer *p)
{
	const char *at = strstr(p->in, "<stream:features"), *end = at ? strchr(at, '>') : NULL;

	if (!end)
		return NULL;
	if (end[-1] == '/')
		return end + 1;
	at = strstr(at, "</stream:features>");
	return at ? at + strlen("</stream:features>") : NULL;
}

static const char *past(const struct peer *p, const char *text)
{
	const char *at = strstr(p->in, text), *end = at ? strchr(at, '>') : NULL;

	return end ? end + 1 : NULL;
}

static void initiating(struct peer *p)
{
	const char *end;

	switch (p->state) {
	case PEER_HEADER:
		end = features_end(p);
		if (end) {
			authenticate(p, p->in);
			eat(p, end);
		}
		break;
	case PEER_PROCEED:
		end = past(p, "<proceed");
		if (end) {
			eat(p, end);
			p->state = PEER_HANDSHAKE;
			line_start_tls(&p->line, p->bench->tls, p->bench->domain);
			line_handshake(&p->line);
		}
		break;
	case PEER_SUCCESS:
		end = past(p, "<success");
		if (end) {
			eat(p, end);
			p->authenticated = true;
			write_header(p);
		}
		break;
	case PEER_VALID:
		end = past(p, "<db:result");
		if (end) {
			if (!strstr(p->in, "type='valid'") && !strstr(p->in, "type=\"valid\""))
				cost_fail("dialback failed");
			eat(p, end);
			get_ready(p);
		}
		break;
	case PEER_HANDSHAKE:
	case PEER_READY:
		break;
	}
	if (strstr(p->in, "<stream:error") || strstr(p->in, "<failure"))
		fprintf(stderr, "bench: %s was told %s\n", p->domain, p->in);
}

/* ---- receiving ---- */

static enum peer_method method_of(const char *domain)
{
	enum peer_method m;

	for (m = PEER_SASL; m <= PEER_TCP; m++) {
		const char *at = strchr(domain, '.');
		size_t len = strlen(method_names[m]);
		if (at && !strncmp(at + 1, method_names[m], len) && at[1 + len] == '.')
			return m;
	}
	return PEER_TLS;
}

static void offer(struct peer *p)
{
	static const char dialback[] = "<dialback xmlns='urn:xmpp:features:dialback'/>";
	char text[1024], from[PEER_DOMAIN];
	const char *what = "";

	attribute(p->in, "to", p->domain, sizeof(p->domain));
	attribute(p->in, "from", from, sizeof(from));
	p->method = method_of(p->domain);
	if (p->authenticated)
		what = "";
	else if (p->method != PEER_TCP && !p->line.ssl)
		what = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>";
	else if (p->method == PEER_SASL)
		what = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
		       "<mechanism>EXTERNAL</mechanism></mechanisms>";
	snprintf(
		text, sizeof(text),
		"<?xml version='1.0'?><stream:stream xmlns='jabber:server' "
		"xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' "
		"from='%s' to='%s' id='s%p' version='1.0'><stream:features>%s%s</stream:features>",
		p->domain, from, (void *)p, what, p->authenticated ? "" : dialback);
	put(p, text);
	if (p->authenticated)
		get_ready(p);
}

/* Whatever is asked, it is so. */
static void confirm(struct peer *p, const char *name)
{
	char text[512], from[PEER_DOMAIN], to[PEER_DOMAIN], id[128];

	attribute(p->in, "from", from, sizeof(from));
	attribute(p->in, "to", to, sizeof(to));
	attribute(p->in, "id", id, sizeof(id));
	if (*id)
		snprintf(text, sizeof(text), "<%s from='%s' to='%s' id='%s' type='valid'/>", name,
			 to, from, id);
	else
		snprintf(text, sizeof(text), "<%s from='%s' to='%s' type='valid'/>", name, to,
			 from);
	put(p, text);
}

/* One element; false: none is there. */
static bool receiving_one(struct peer *p)
{
	const char *end = strchr(p->in, '>');

	end = end ? end + 1 : NULL;
	if (begins(p, "<?xml")) {
		;
	} else if (begins(p, "<stream:stream")) {
		if (end)
			offer(p);
	} else if (begins(p, "<starttls")) {
		end = element_end(p, "starttls");
		if (end) {
			put(p, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
			p->state = PEER_HANDSHAKE;
			line_start_tls(&p->line, p->bench->tls, NULL);
		}
	} else if (begins(p, "<auth")) {
		end = element_end(p, "auth");
		if (end) {
			p->authenticated = true;
			put(p, "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
		}
	} else if (begins(p, "<db:verify") || begins(p, "<db:result")) {
		const char *name = begins(p, "<db:verify") ? "db:verify" : "db:result";
		end = element_end(p, name);
		if (end)
			confirm(p, name);
	} else if (begins(p, "</stream:stream>")) {
		put(p, "</stream:stream>");
	} else if (p->in_len && !strchr(" \n", *p->in)) {
		return false;
	} else {
		end = p->in_len ? p->in + 1 : NULL;
	}
	if (end)
		eat(p, end);
	return end && p->state != PEER_READY;
}

static void receiving(struct peer *p)
{
	while (receiving_one(p))
		;
}

/* ---- component ---- */

static void component(struct peer *p)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char id[256], text[512];
	const char *end;
	unsigned n = 0, i;
	int len;

	end = past(p, "<stream:stream");
	if (p->state == PEER_HEADER && end) {
		attribute(strstr(p->in, "<stream:stream"), "id", id, sizeof(id));
		eat(p, end);
		len = snprintf(text, sizeof(text), "%s%s", id, p->bench->secret);
		EVP_Digest(text, (size_t)len, digest, &n, EVP_sha1(), NULL);
		len = snprintf(text, sizeof(text), "<handshake>");
		for (i = 0; i < n; i++)
			len += snprintf(text + len, sizeof(text) - (size_t)len, "%02x", digest[i]);
		snprintf(text + len, sizeof(text) - (size_t)len, "</handshake>");
		p->state = PEER_VALID;
		put(p, text);
	}
	end = past(p, "<handshake");
	if (p->state == PEER_VALID && end) {
		eat(p, end);
		get_ready(p);
	}
}

/* ---- what all have in common ---- */

static unsigned count_messages(struct peer *p, const char *data, size_t len)
{
	static const char end[] = "</message>";
	const char *at = data, *last = data + len;
	unsigned count = 0;
	char seam[sizeof(p->tail) + sizeof(end)];
	size_t head = len < sizeof(end) - 2 ? len : sizeof(end) - 2;

	memcpy(seam, p->tail, p->tail_len);
	memcpy(seam + p->tail_len, data, head);
	count += memmem(seam, p->tail_len + head, end, sizeof(end) - 1) != NULL;
	while ((at = memmem(at, (size_t)(last - at), end, sizeof(end) - 1))) {
		at += sizeof(end) - 1;
		count++;
	}
	if (len >= sizeof(end) - 2) {
		p->tail_len = sizeof(end) - 2;
		memcpy(p->tail, last - p->tail_len, p->tail_len);
	} else {
		size_t all = p->tail_len + len,
		       keep = all < sizeof(end) - 2 ? all : sizeof(end) - 2;
		memcpy(p->tail, seam + all - keep, keep);
		p->tail_len = (unsigned)keep;
	}
	return count;
}

static void got_messages(struct peer *p, const char *data, size_t len)
{
	unsigned count = count_messages(p, data, len);

	if (count)
		p->bench->messages(p, count);
}

static void understand(struct peer *p, const char *data, size_t len)
{
	if (p->in_len + len > INPUT_MAX)
		cost_fail("more came than a negotiation needs");
	memcpy(p->in + p->in_len, data, len);
	p->in_len += len;
	p->in[p->in_len] = '\0';
	switch (p->kind) {
	case PEER_INITIATING:
		initiating(p);
		break;
	case PEER_RECEIVING:
		receiving(p);
		break;
	case PEER_COMPONENT:
		component(p);
		break;
	}
	if (p->state == PEER_READY) {
		got_messages(p, p->in, p->in_len);
		free(p->in);
		p->in = NULL;
	}
}

void peer_event(struct peer *p)
{
	char data[65536];
	size_t n;

	if (p->line.waits_to_write) {
		line_flush(&p->line);
		if (!p->line.waits_to_write && p->state == PEER_READY && p->bench->writable)
			p->bench->writable(p);
	}
	if (p->line.handshaking) {
		if (line_handshake(&p->line)) {
			p->state = PEER_HEADER;
			if (p->kind == PEER_INITIATING)
				write_header(p);
		}
	}
	/* a handshake that begins reads for itself */
	while (!p->line.handshaking && !p->line.lost &&
	       (n = line_read(&p->line, data, p->in ? INPUT_MAX - p->in_len : sizeof(data)))) {
		if (p->in)
			understand(p, data, n);
		else
			got_messages(p, data, n);
	}
	if (p->line.lost)
		p->bench->ended(p);
}

static struct peer *new_peer(struct bench *b, enum peer_kind kind)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (!p || !(p->in = calloc(1, INPUT_MAX + 1)))
		cost_fail("no memory");
	p->bench = b;
	p->kind = kind;
	p->begun = cost_now();
	return p;
}

struct peer *peer_dial(struct bench *b, enum peer_method method, unsigned number)
{
	struct peer *p = new_peer(b, PEER_INITIATING);

	p->method = method;
	snprintf(p->domain, sizeof(p->domain), "d%u.%s.test", number, method_names[method]);
	line_dial(&p->line, b->epoll, &b->server, p);
	write_header(p);
	return p;
}

struct peer *peer_accept(struct bench *b, int fd)
{
	struct peer *p = new_peer(b, PEER_RECEIVING);

	line_init(&p->line, b->epoll, fd, p);
	return p;
}

struct peer *peer_component(struct bench *b, const struct sockaddr_in *to)
{
	struct peer *p = new_peer(b, PEER_COMPONENT);
	char text[256];

	line_dial(&p->line, b->epoll, to, p);
	snprintf(text, sizeof(text),
		 "<stream:stream xmlns='jabber:component:accept' "
		 "xmlns:stream='http://etherx.jabber.org/streams' to='%s'>",
		 b->domain);
	put(p, text);
	return p;
}

void peer_free(struct peer *p)
{
	line_fini(&p->line);
	free(p->in);
	free(p);
}

void peer_compose(char out[PEER_MESSAGE + 1], const char *from, const char *to)
{
	static const char end[] = "</body></message>";
	int len = snprintf(out, PEER_MESSAGE + 1,
			   "<message from='a@%s/r' to='b@%s/r' type='chat' id='12345678'><body>",
			   from, to);

	memset(out + len, 'x', PEER_MESSAGE - (size_t)len - (sizeof(end) - 1));
	memcpy(out + PEER_MESSAGE - (sizeof(end) - 1), end, sizeof(end));
}
