#include "xml_record.h"

#include <stdlib.h>
#include <string.h>

#include "xmpp/ns.h"

#define SEPARATOR '\x1f'

static void check_name(const char *text)
{
	if (strchr(text, SEPARATOR))
		abort();
}

static void add_value(struct buf *b, const char *name, const char *value)
{
	if (value)
		buf_addf(b, " %s=[%s]", name, value);
}

static int answer(struct xml_record *r)
{
	r->events++;
	return r->events == r->answer_at ? r->answer : 0;
}

static int on_header(void *context, const struct xml_header *h)
{
	struct xml_record *r = context;

	check_name(h->content_ns);
	buf_addf(&r->text, "header %s", h->content_ns);
	add_value(&r->text, "from", h->from);
	add_value(&r->text, "to", h->to);
	add_value(&r->text, "id", h->id);
	add_value(&r->text, "version", h->version);
	add_value(&r->text, "lang", h->lang);
	buf_adds(&r->text, h->dialback ? " dialback\n" : "\n");
	if (r->relax)
		xml_stream_set_limits(r->stream, r->relax);
	return answer(r);
}

static void add_element(struct buf *b, const struct element *e, unsigned depth)
{
	const struct element_attribute *a;
	const struct element *child;

	if (strlen(e->text) != e->text_len)
		abort();
	check_name(e->ns);
	check_name(e->name);
	buf_addf(b, "%*s{%s}%s", (int)depth * 2, "", e->ns, e->name);
	for (a = e->attributes; a; a = a->next) {
		check_name(a->ns);
		check_name(a->name);
		buf_addf(b, " {%s}%s=[%s]", a->ns, a->name, a->value);
	}
	buf_addf(b, " [%s]\n", e->text);
	for (child = e->children; child; child = child->next)
		add_element(b, child, depth + 1);
}

static int on_element(void *context, const struct element *e)
{
	struct xml_record *r = context;

	buf_adds(&r->text, "element ");
	add_element(&r->text, e, 0);
	return answer(r);
}

static int on_stanza(void *context, struct stanza *s)
{
	struct xml_record *r = context;
	const char *bytes;
	size_t len;

	bytes = stanza_bytes(s, &len);
	if (memchr(bytes, SEPARATOR, len) || bytes[len])
		abort();
	buf_addf(&r->text, "stanza %s", stanza_kind_str(stanza_kind(s)));
	add_value(&r->text, "from", stanza_from(s));
	add_value(&r->text, "to", stanza_to(s));
	add_value(&r->text, "id", stanza_id(s));
	add_value(&r->text, "type", stanza_type(s));
	buf_adds(&r->text, "\n  ");
	buf_add(&r->text, bytes, len);
	buf_addc(&r->text, '\n');
	buf_clear(&r->bytes);
	buf_add(&r->bytes, bytes, len);
	stanza_put(r->stanza);
	r->stanza = stanza_get(s);
	return answer(r);
}

static int on_footer(void *context)
{
	struct xml_record *r = context;

	buf_adds(&r->text, "footer\n");
	return answer(r);
}

static const struct xml_stream_events events = { on_header, on_element, on_stanza, on_footer };

void xml_record_init(struct xml_record *r, const struct xml_stream_limits *limits,
		     const char *content_ns)
{
	static const struct xml_stream_limits standard = XML_STREAM_LIMITS_DEFAULT;

	memset(r, 0, sizeof(*r));
	buf_init(&r->text, (size_t)1 << 28);
	buf_init(&r->bytes, (size_t)1 << 28);
	r->stream = xml_stream_new(&events, r, limits ? limits : &standard,
				   content_ns ? content_ns : NS_SERVER);
	if (!r->stream)
		abort();
}

void xml_record_fini(struct xml_record *r)
{
	xml_stream_free(r->stream);
	stanza_put(r->stanza);
	buf_fini(&r->text);
	buf_fini(&r->bytes);
}

int xml_record_feed(struct xml_record *r, const char *data, size_t len, size_t step)
{
	size_t at, eaten;

	for (at = 0; at < len && !r->result; at += step) {
		size_t n = step && step < len - at ? step : len - at;
		char *piece =
			malloc(n); /* exactly as long, so that a sanitizer sees a read behind it */
		if (!piece)
			abort();
		memcpy(piece, data + at, n);
		r->result = xml_stream_feed(r->stream, piece, n, &eaten);
		free(piece);
		r->eaten += eaten;
		if (!step)
			break;
	}
	return r->result;
}

const char *xml_record_text(struct xml_record *r)
{
	return buf_str(&r->text);
}
