/*
 * Any bytes as an XML stream: however they are cut, events and outcome are the same; no byte that is not UTF-8 gets through,
 * least of all a stream in UTF-16; names are free of the parser's separator (xml_record looks); a stanza's bytes are a
 * stanza again, the very same, in a stream of either kind; and so is the error that answers it.
 *
 * Input: three bytes that choose limits, cuts and the event at which to stop, then the stream.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz_input.h"
#include "xml_record.h"
#include "xmpp/ns.h"

#define DOCUMENT_MAX 65536

static const struct xml_stream_limits limits[] = {
	XML_STREAM_LIMITS_DEFAULT,
	{ 10000, 1000, 0, 8, 8, 100 },
	{ 600, 300, 2000, 4, 4, 40 },
	{ 200, 200, 400, 2, 2, 20 },
};
/* for what was written: escaped, it may be longer than what was read */
static const struct xml_stream_limits wide = { 1 << 24, 1 << 24, 0, 1000, 10000, 1 << 20 };

struct choice {
	const struct xml_stream_limits *limits;
	const char *content_ns;
	bool wide_characters; /* the stream again in UTF-16 */
	uint32_t cuts;
	unsigned stop_at;
	const char *data; /* the stream */
	size_t len;
};

static void open_record(struct xml_record *r, const struct choice *c)
{
	xml_record_init(r, c->limits, c->content_ns);
	r->answer_at = c->stop_at;
	r->answer = XML_STREAM_STOP;
}

static void same(struct xml_record *a, struct xml_record *b, const struct choice *c)
{
	fuzz_must(a->result == b->result && a->events == b->events);
	fuzz_must(!strcmp(xml_record_text(a), xml_record_text(b)));
	if (a->result >= 0)
		fuzz_must(a->eaten == b->eaten);
	if (!a->result)
		fuzz_must(a->eaten == c->len);
}

static void feed_at_random(struct xml_record *r, const struct choice *c)
{
	uint32_t seed = c->cuts * 2654435761u + 1;
	size_t at = 0;

	while (at < c->len && !r->result) {
		size_t n;
		seed = seed * 1664525 + 1013904223;
		n = 1 + (seed >> 24) % ((seed >> 16) % 4 ? 8 : 200);
		if (n > c->len - at)
			n = c->len - at;
		if (seed >> 31)
			xml_stream_rest(r->stream);
		xml_record_feed(r, c->data + at, n, 0);
		at += n;
	}
}

static void check_cuts(struct xml_record *whole, const struct choice *c)
{
	struct xml_record r;

	open_record(&r, c);
	xml_record_feed(&r, c->data, c->len, 1);
	same(whole, &r, c);
	xml_record_fini(&r);
	open_record(&r, c);
	feed_at_random(&r, c);
	same(whole, &r, c);
	xml_record_fini(&r);
}

/* What belongs to a stream that stopped is text, stops it again, and needs nothing of what follows. */
static void check_stop(struct xml_record *whole, const struct choice *c)
{
	struct choice shorter = *c;
	struct xml_record r;

	shorter.len = whole->eaten;
	fuzz_must(whole->events == c->stop_at && fuzz_is_text(c->data, shorter.len));
	open_record(&r, &shorter);
	xml_record_feed(&r, shorter.data, shorter.len, 0);
	same(whole, &r, &shorter);
	xml_record_fini(&r);
}

static void check_utf16(const struct choice *c)
{
	size_t len = 2 + c->len * 2, i;
	char *text = malloc(len);
	unsigned variant;

	fuzz_must(text != NULL);
	for (variant = 0; variant < 4; variant++) {
		bool mark = variant & 1, big = variant & 2;
		struct xml_record r;
		memcpy(text, big ? "\xfe\xff" : "\xff\xfe", 2);
		for (i = 0; i < c->len; i++) {
			text[2 + 2 * i + big] = c->data[i];
			text[2 + 2 * i + !big] = '\0';
		}
		xml_record_init(&r, c->limits, c->content_ns);
		xml_record_feed(&r, text + (mark ? 0 : 2), len - (mark ? 0 : 2), 0);
		fuzz_must(!r.events);
		xml_record_fini(&r);
	}
	free(text);
}

static bool equal(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Reads S in a stream of CONTENT_NS. */
static void read_again(struct xml_record *r, const struct stanza *s, const char *content_ns)
{
	struct buf header;
	const char *bytes;
	size_t len;

	buf_init(&header, BUF_MAX_DEFAULT);
	buf_addf(&header, "<stream:stream xmlns='%s' xmlns:stream='" NS_STREAM "'>", content_ns);
	xml_record_init(r, &wide, content_ns);
	fuzz_must(!xml_record_feed(r, header.data, header.len, 0));
	bytes = stanza_bytes(s, &len);
	fuzz_must(!xml_record_feed(r, bytes, len, 0) && r->events == 2 && r->stanza);
	buf_fini(&header);
	fuzz_must(stanza_kind(r->stanza) == stanza_kind(s));
	fuzz_must(equal(stanza_from(r->stanza), stanza_from(s)));
	fuzz_must(equal(stanza_to(r->stanza), stanza_to(s)));
	fuzz_must(equal(stanza_id(r->stanza), stanza_id(s)));
	fuzz_must(equal(stanza_type(r->stanza), stanza_type(s)));
	fuzz_must(r->bytes.len == len && !memcmp(r->bytes.data, bytes, len));
}

static void check_stanza(const struct stanza *s)
{
	static const char *const kinds[] = { NS_SERVER, NS_COMPONENT };
	struct stanza *bounce =
		stanza_bounce(s, "cancel", "remote-server-not-found", "No way to \"it\".");
	struct xml_record r;
	size_t i;

	fuzz_must(!bounce == stanza_is_final(s));
	for (i = 0; i < 2; i++) {
		read_again(&r, s, kinds[i]);
		xml_record_fini(&r);
		if (!bounce)
			continue;
		read_again(&r, bounce, kinds[i]);
		xml_record_fini(&r);
	}
	if (bounce) {
		fuzz_must(stanza_is_final(bounce) && stanza_kind(bounce) == stanza_kind(s));
		fuzz_must(equal(stanza_from(bounce), stanza_to(s)));
		fuzz_must(equal(stanza_to(bounce), stanza_from(s)));
		fuzz_must(equal(stanza_id(bounce), stanza_id(s)));
	}
	stanza_put(bounce);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	unsigned bits = fuzz_byte(&in);
	struct choice c = {
		.limits = &limits[bits % 4],
		.content_ns = bits & 4 ? NS_COMPONENT : NS_SERVER,
		.wide_characters = bits & 8,
		.cuts = fuzz_byte(&in),
		.stop_at = fuzz_byte(&in) % 8, /* 0 = never */
	};
	struct xml_record whole;

	c.data = (const char *)in.data;
	c.len = in.left < DOCUMENT_MAX ? in.left : DOCUMENT_MAX;
	open_record(&whole, &c);
	xml_record_feed(&whole, c.data, c.len, 0);
	fuzz_must(fuzz_is_text(xml_record_text(&whole), whole.text.len));
	check_cuts(&whole, &c);
	if (whole.result == XML_STREAM_STOP)
		check_stop(&whole, &c);
	if (c.wide_characters)
		check_utf16(&c);
	if (whole.stanza)
		check_stanza(whole.stanza);
	xml_record_fini(&whole);
	return 0;
}
