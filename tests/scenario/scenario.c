/* The scenario runner: see README.md beside it. Arguments: the .scn files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "golden.h"
#include "make_policy.h"
#include "negotiation/wire.h"
#include "tap.h"
#include "xmpp/jid.h"
#include "xmpp/stanza.h"

#define OPEN \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:server' " \
	"xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback'"
#define NAMES_MAX 16
#define WORDS_MAX 16

/* How the peer's bytes are cut. */
enum chunking { WHOLE, BYTEWISE, RANDOM };

struct play {
	struct policy policy;
	struct dialback_secret secret;
	struct wire_config config;
	struct wire *wire; /* NULL while the scene is set */
	enum chunking chunking;
	unsigned random;
	struct buf text;    /* the file as it would be written */
	struct buf written; /* bytes since the last action */
	uint64_t ticket;    /* the last that was asked */
	unsigned ids;
	char id[16];
	struct cert_facts certificate;
	struct cert_name names[NAMES_MAX];
	struct arena strings; /* what names point to */
	const char *error;
};

/* Bytes as the file shows them. */
static void show(struct buf *out, const char *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];
		if (!strncmp(data + i, OPEN, sizeof(OPEN) - 1)) {
			buf_adds(out, "$open");
			i += sizeof(OPEN) - 2;
		} else if (c == '\\') {
			buf_adds(out, "\\\\");
		} else if (c < 0x20 || c == 0x7f) {
			buf_addf(out, "\\x%02x", c);
		} else {
			buf_addc(out, (char)c);
		}
	}
}

static void show_written(struct play *p)
{
	if (!p->written.len)
		return;
	buf_adds(&p->text, "< ");
	show(&p->text, buf_str(&p->written), p->written.len);
	buf_addc(&p->text, '\n');
	buf_clear(&p->written);
}

static void show_action(struct play *p, const struct negotiation_action *a, struct stanza *stanza)
{
	struct buf *out = &p->text;
	size_t len = 0;

	buf_addf(out, "! %s", negotiation_action_str(a->type));
	if (a->ticket)
		buf_addf(out, " %u", (unsigned)a->ticket);
	if (a->local)
		buf_addf(out, " %s %s", a->local, *a->remote ? a->remote : "-");
	if (a->type == ACTION_ASK_SASL)
		buf_addf(out, " %s", a->first ? "first" : "next");
	if (a->data)
		buf_addf(out, " \"%.*s\"", (int)a->data_len, (const char *)a->data);
	if (a->id)
		buf_addf(out, " id=%s key=%s", a->id, a->key);
	if (a->method)
		buf_addf(out, " %s", method_str(a->method));
	if (a->type == ACTION_VERIFIED)
		buf_addf(out, " %s", dialback_outcome_str(a->outcome));
	if (a->fail)
		buf_addf(out, " %s", fail_str(a->fail));
	if (a->type == ACTION_CLOSE && *negotiation_peer_error(wire_negotiation(p->wire)))
		buf_addf(out, " (%s)", negotiation_peer_error(wire_negotiation(p->wire)));
	if (a->abrupt)
		buf_adds(out, " abrupt");
	if (stanza) {
		buf_addc(out, ' ');
		const char *bytes = stanza_bytes(stanza, &len);
		show(out, bytes, len);
	}
	buf_addc(out, '\n');
}

static void on_action(void *context, const struct negotiation_action *a, const char *bytes,
		      struct stanza *stanza)
{
	struct play *p = context;

	if (a->type == ACTION_WRITE) {
		buf_add(&p->written, bytes + a->offset, a->len);
		return;
	}
	if (a->type == ACTION_ASK_CERTIFICATE || a->type == ACTION_ASK_SASL ||
	    a->type == ACTION_ASK_DIALBACK)
		p->ticket = a->ticket;
	show_written(p);
	show_action(p, a, stanza);
}

static const char *on_stream_id(void *context)
{
	struct play *p = context;

	snprintf(p->id, sizeof(p->id), "s%u", ++p->ids);
	return p->id;
}

static const struct wire_events events = { .action = on_action, .stream_id = on_stream_id };

/* The scene is set: the stream begins. */
static void begin(struct play *p)
{
	struct negotiation_event connected = { .type = EVENT_CONNECTED };

	if (p->wire)
		return;
	policy_finish(&p->policy);
	p->config.negotiation.policy = &p->policy;
	p->config.negotiation.secret = &p->secret;
	if (p->policy.local_count)
		p->config.negotiation.local = p->policy.locals[0].domain;
	if (p->policy.partner_count)
		p->config.negotiation.remote = p->policy.partners[0].domain;
	p->wire = wire_new(&p->config, &events, p);
	wire_event(p->wire, &connected);
}

static unsigned next_random(struct play *p)
{
	p->random = p->random * 1103515245u + 12345u;
	return p->random >> 16;
}

static void feed(struct play *p, const char *data, size_t len)
{
	while (len) {
		size_t n = len;
		if (p->chunking == BYTEWISE)
			n = 1;
		else if (p->chunking == RANDOM)
			n = 1 + next_random(p) % (len < 40 ? len : 40);
		wire_feed(p->wire, data, n);
		data += n;
		len -= n;
	}
}

static int hex(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static const char *unescape(const char *at, struct buf *out)
{
	static const char from[] = "rnt\\", to[] = "\r\n\t\\";
	const char *found = at[1] ? strchr(from, at[1]) : NULL;

	if (found) {
		buf_addc(out, to[found - from]);
		return at + 2;
	}
	if (at[1] == 'x' && hex(at[2]) >= 0 && hex(at[3]) >= 0) {
		buf_addc(out, (char)(hex(at[2]) << 4 | hex(at[3])));
		return at + 4;
	}
	return NULL;
}

static void expand(struct play *p, const char *at, struct buf *out);

static const char *expand_repeat(struct play *p, const char *at, struct buf *out)
{
	const char *end = strstr(at, ")$");
	unsigned n = (unsigned)atoi(at);
	const char *comma = strchr(at, ',');
	struct buf once;

	if (!end || !comma || comma > end)
		return NULL;
	buf_init(&once, BUF_MAX_DEFAULT);
	char *text = mem_strndup(comma + 1, (size_t)(end - comma - 1));
	expand(p, text, &once);
	while (n--)
		buf_add(out, once.data, once.len);
	free(text);
	buf_fini(&once);
	return end + 2;
}

static void expand(struct play *p, const char *at, struct buf *out)
{
	while (at && *at) {
		if (!strncmp(at, "$open", 5)) {
			buf_adds(out, OPEN);
			at += 5;
		} else if (!strncmp(at, "$repeat(", 8)) {
			at = expand_repeat(p, at + 8, out);
		} else if (*at == '\\') {
			at = unescape(at, out);
		} else {
			buf_addc(out, *at++);
		}
	}
	if (!at)
		p->error = "bad escape";
}

static uint64_t take_ticket(struct play *p, char **words, unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++)
		if (!strncmp(words[i], "ticket=", 7))
			return (uint64_t)atoi(words[i] + 7);
	return p->ticket;
}

static void add_name(struct play *p, const char *word)
{
	static const char *const kinds[] = {
		[CERT_NAME_DNS] = "dns:",
		[CERT_NAME_SRV] = "srv:",
		[CERT_NAME_XMPP_ADDR] = "xmpp:",
	};
	struct cert_name *name = &p->names[p->certificate.name_count];
	unsigned i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t len = strlen(kinds[i]);
		if (strncmp(word, kinds[i], len) || p->certificate.name_count == NAMES_MAX)
			continue;
		name->type = (enum cert_name_type)i;
		name->len = strlen(word + len);
		name->value = arena_strndup(&p->strings, word + len, name->len);
		p->certificate.name_count++;
	}
}

static void take_certificate(struct play *p, char **words, unsigned count)
{
	unsigned i, chain;

	memset(&p->certificate, 0, sizeof(p->certificate));
	p->certificate.names = p->names;
	for (chain = CERT_CHAIN_MISSING; chain <= CERT_CHAIN_BROKEN; chain++)
		if (count && !strcmp(cert_chain_str((enum cert_chain)chain), words[0]))
			break;
	if (chain > CERT_CHAIN_BROKEN) {
		p->error = "unknown chain";
		return;
	}
	p->certificate.chain = (enum cert_chain)chain;
	for (i = 1; i < count; i++)
		add_name(p, words[i]);
}

static void take_sasl(struct play *p, struct negotiation_event *ev, char **words, unsigned count)
{
	ev->type = EVENT_SASL;
	if (count && !strcmp(words[0], "done"))
		ev->sasl = SASL_DONE;
	else if (count && !strcmp(words[0], "more"))
		ev->sasl = SASL_MORE;
	else if (count && !strcmp(words[0], "failed"))
		ev->sasl = SASL_FAILED;
	else
		p->error = "unknown SASL outcome";
	if (count < 2 || !strncmp(words[1], "ticket=", 7))
		return;
	ev->data = words[1];
	ev->data_len = strlen(words[1]);
	ev->identity = words[1];
}

static void take_outcome(struct play *p, struct negotiation_event *ev, char **words, unsigned count)
{
	unsigned i;

	ev->type = EVENT_CHECKED;
	for (i = DIALBACK_VALID; count && i <= DIALBACK_OVERLOAD; i++) {
		ev->outcome = (enum dialback_outcome)i;
		if (!strcmp(dialback_outcome_str(ev->outcome), words[0]))
			return;
	}
	p->error = "unknown outcome";
}

static unsigned split(char *line, char **words)
{
	unsigned count = 0;
	char *rest = NULL, *word = strtok_r(line, " ", &rest);

	for (; word && count < WORDS_MAX; word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	return count;
}

/* A message of LEN bytes from our domain to the peer's. */
static struct stanza *make_message(const struct negotiation *n, size_t len)
{
	static const char tags[] = "<message from='u@' to='v@'></message>";
	char from[JID_DOMAIN_SIZE + 2], to[JID_DOMAIN_SIZE + 2];
	struct stanza_root root = { STANZA_MESSAGE, NULL, NULL, from, to };
	size_t around =
		sizeof(tags) - 1 + strlen(negotiation_local(n)) + strlen(negotiation_remote(n));
	struct stanza *s;
	char *inner;

	snprintf(from, sizeof(from), "u@%s", negotiation_local(n));
	snprintf(to, sizeof(to), "v@%s", negotiation_remote(n));
	inner = mem_new(len + 1);
	memset(inner, 'x', len);
	s = stanza_new(&root, inner, len > around ? len - around : 0);
	free(inner);
	return s;
}

/* A message of LEN bytes is to go out: written, or bounced where the peer would not take it. */
static void send_message(struct play *p, size_t len)
{
	const struct negotiation *n = wire_negotiation(p->wire);
	struct stanza *s = make_message(n, len), *bounce;
	enum fail fail = negotiation_check_size(n, s);
	const struct fail_info *info = fail_info(fail);
	const char *bytes = stanza_bytes(s, &len);

	if (!negotiation_may_send(n, negotiation_local(n), negotiation_remote(n))) {
		p->error = "the pair is not valid";
	} else if (fail) {
		bounce = stanza_bounce(s, info->bounce_type, info->bounce_condition, info->text);
		buf_addf(&p->text, "! bounced %zu bytes: ", len);
		bytes = stanza_bytes(bounce, &len);
		show(&p->text, bytes, len);
		buf_addc(&p->text, '\n');
		stanza_put(bounce);
	} else {
		buf_addf(&p->text, "! sent %zu bytes\n", len);
	}
	stanza_put(s);
}

/* An event of the driver's. */
static void drive(struct play *p, char *line)
{
	static const struct {
		const char *word;
		enum negotiation_event_type type;
	} simple[] = {
		{ "tls-up", EVENT_TLS_UP },	  { "tls-failed", EVENT_TLS_FAILED },
		{ "timeout", EVENT_TIMEOUT },	  { "lost", EVENT_LOST },
		{ "connected", EVENT_CONNECTED },
	};
	struct negotiation_event ev = { .type = EVENT_COUNT };
	char *words[WORDS_MAX];
	unsigned count = split(line, words), i;

	for (i = 0; count && i < sizeof(simple) / sizeof(*simple); i++)
		if (!strcmp(words[0], simple[i].word))
			ev.type = simple[i].type;
	if (count == 2 && !strcmp(words[0], "send")) {
		send_message(p, (size_t)atoi(words[1]));
		return;
	}
	ev.ticket = take_ticket(p, words, count);
	if (count && !strcmp(words[0], "certificate")) {
		ev.type = EVENT_CERTIFICATE;
		take_certificate(p, words + 1, count - 1);
		ev.certificate =
			p->certificate.chain == CERT_CHAIN_MISSING ? NULL : &p->certificate;
	} else if (count && !strcmp(words[0], "sasl")) {
		take_sasl(p, &ev, words + 1, count - 1);
	} else if (count && !strcmp(words[0], "checked")) {
		take_outcome(p, &ev, words + 1, count - 1);
	} else if (count == 2 && !strcmp(words[0], "shut")) {
		ev.type = EVENT_SHUT;
		ev.fail = fail_by_slug(words[1]);
		if (ev.fail == FAIL_COUNT)
			p->error = "unknown failure";
	} else if (count == 5 && !strcmp(words[0], "verify")) {
		ev = (struct negotiation_event){ .type = EVENT_VERIFY,
						 .ticket = 7,
						 .local = words[1],
						 .remote = words[2],
						 .id = words[3],
						 .key = words[4] };
	}
	if (ev.type == EVENT_COUNT)
		p->error = "unknown event";
	else if (!p->error)
		wire_event(p->wire, &ev);
}

static struct partner *last_partner(struct play *p)
{
	return p->policy.partner_count ? &p->policy.partners[p->policy.partner_count - 1] : NULL;
}

static void set_role(struct play *p, char **words, unsigned count)
{
	struct negotiation_config *c = &p->config.negotiation;
	unsigned i;

	if (count < 2 || (strcmp(words[1], "initiating") && strcmp(words[1], "receiving")))
		p->error = "unknown role";
	else
		c->role = words[1][0] == 'i' ? ROLE_INITIATING : ROLE_RECEIVING;
	for (i = 2; i < count; i++) {
		c->direct_tls = c->direct_tls || !strcmp(words[i], "direct-tls");
		c->tls_demanded = c->tls_demanded || !strcmp(words[i], "tls-demanded");
		c->verify_only = c->verify_only || !strcmp(words[i], "verify-only");
	}
}

/* A line that sets the scene. */
static void set(struct play *p, char *line)
{
	char *words[WORDS_MAX];
	unsigned count = split(line, words);

	if (p->wire)
		p->error = "the scene cannot change once the stream has begun";
	else if (!strcmp(words[0], "role"))
		set_role(p, words, count);
	else if (!strcmp(words[0], "local") && count >= 2)
		make_local(&p->policy, words[1], count == 2);
	else if (!strcmp(words[0], "partner") && count >= 3)
		make_partner(&p->policy, words[1], atoi(words[2]), count > 3);
	else if (!strcmp(words[0], "additional") && count == 2 && last_partner(p))
		make_additional(last_partner(p), words[1]);
	else if (!strcmp(words[0], "pairs") && count == 2)
		p->config.negotiation.pairs_max = (unsigned)atoi(words[1]);
	else if (!strcmp(words[0], "max-stanza") && count == 2)
		p->config.negotiation.max_bytes = p->config.max_stanza = (size_t)atoi(words[1]);
	else
		p->error = "unknown line";
}

static void play_line(struct play *p, char *line)
{
	struct buf bytes;

	if (*line == '<' || *line == '!')
		return; /* written anew */
	if (!*line || *line == '#') {
		buf_addf(&p->text, "%s\n", line);
		return;
	}
	if (*line != '>' && *line != '@') {
		buf_addf(&p->text, "%s\n", line);
		set(p, line);
		return;
	}
	begin(p);
	show_written(p);
	buf_addf(&p->text, "%s\n", line);
	if (*line == '@') {
		drive(p, line + 1);
		show_written(p);
		return;
	}
	buf_init(&bytes, (size_t)1 << 23);
	expand(p, line + (line[1] == ' ' ? 2 : 1), &bytes);
	if (!p->error)
		feed(p, bytes.data, bytes.len);
	buf_fini(&bytes);
	show_written(p);
}

/* Plays the file in one way of cutting; false where it cannot be read as a scenario. */
static bool play(const char *script, struct buf *text, enum chunking chunking, unsigned seed)
{
	struct play p = { .chunking = chunking, .random = seed };
	char *copy = mem_strdup(script), *line = copy;
	const char *error;

	p.config.max_stanza = 262144;
	p.config.negotiation.role = ROLE_RECEIVING;
	buf_init(&p.text, (size_t)1 << 22);
	buf_init(&p.written, (size_t)1 << 22);
	arena_init(&p.strings, 65536);
	if (dialback_secret_init(&p.secret, "the secret of every scenario", 28))
		p.error = "no secret";
	while (*line && !p.error) {
		char *end = line + strcspn(line, "\n");
		char *next = *end ? end + 1 : end;
		*end = '\0';
		play_line(&p, line);
		line = next;
	}
	show_written(&p);
	buf_adds(text, buf_str(&p.text));
	error = p.error;
	if (error)
		tap_note("%s", error);
	wire_free(p.wire);
	policy_fini(&p.policy);
	buf_fini(&p.text);
	buf_fini(&p.written);
	arena_fini(&p.strings);
	free(copy);
	return !error;
}

static void run_file(const char *name)
{
	const char *base = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
	struct buf script, whole, other;
	char path[4096];
	bool good, same = true;
	unsigned seed;

	golden_path(path, sizeof(path), name);
	buf_init(&script, (size_t)1 << 22);
	buf_init(&whole, (size_t)1 << 22);
	buf_init(&other, (size_t)1 << 22);
	good = golden_read(path, &script) && play(buf_str(&script), &whole, WHOLE, 0) &&
	       golden_matches(name, buf_str(&whole));
	for (seed = 0; good && seed < 8; seed++) {
		buf_clear(&other);
		play(buf_str(&script), &other, seed ? RANDOM : BYTEWISE, seed);
		same = same && !strcmp(buf_str(&whole), buf_str(&other));
	}
	if (!same)
		tap_note("the answers depend on how the bytes are cut");
	tap_ok(good && same, "%s", base);
	buf_fini(&script);
	buf_fini(&whole);
	buf_fini(&other);
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		run_file(argv[i]);
	return tap_done();
}
