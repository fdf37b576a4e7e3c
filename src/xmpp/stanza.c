#include "stanza_int.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "xml_text_int.h"
#include "xmpp/ns.h"

struct stanza {
	atomic_uint references;
	struct stanza_layout layout;
	size_t len;
	char data[]; /* the bytes, a NUL, the envelope */
};

struct stanza *stanza_make(const struct stanza_layout *layout, const struct buf *envelope,
			   const struct buf *bytes)
{
	struct stanza *s = malloc(sizeof(*s) + bytes->len + 1 + envelope->len);

	if (!s)
		return NULL;
	atomic_init(&s->references, 1);
	s->layout = *layout;
	s->len = bytes->len;
	memcpy(s->data, bytes->data, bytes->len);
	s->data[bytes->len] = '\0';
	if (envelope->len)
		memcpy(s->data + bytes->len + 1, envelope->data, envelope->len);
	return s;
}

struct stanza *stanza_get(struct stanza *s)
{
	atomic_fetch_add_explicit(&s->references, 1, memory_order_relaxed);
	return s;
}

void stanza_put(struct stanza *s)
{
	if (s && atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel) == 1)
		free(s);
}

enum stanza_kind stanza_kind(const struct stanza *s)
{
	return s->layout.kind;
}

const char *stanza_kind_str(enum stanza_kind kind)
{
	switch (kind) {
	case STANZA_MESSAGE:
		return "message";
	case STANZA_PRESENCE:
		return "presence";
	case STANZA_IQ:
		return "iq";
	}
	return "";
}

const char *stanza_bytes(const struct stanza *s, size_t *len)
{
	if (len)
		*len = s->len;
	return s->data;
}

static const char *value(const struct stanza *s, uint32_t at)
{
	return at ? s->data + s->len + at : NULL;
}

const char *stanza_from(const struct stanza *s)
{
	return value(s, s->layout.from);
}

const char *stanza_to(const struct stanza *s)
{
	return value(s, s->layout.to);
}

const char *stanza_id(const struct stanza *s)
{
	return value(s, s->layout.id);
}

const char *stanza_type(const struct stanza *s)
{
	return value(s, s->layout.type);
}

bool stanza_is_final(const struct stanza *s)
{
	const char *type = stanza_type(s);

	/* [RFC6120 8.3.1, 8.2.3] */
	return type &&
	       (!strcmp(type, "error") || (s->layout.kind == STANZA_IQ && !strcmp(type, "result")));
}

/* One more value of an envelope; 0 where it is absent. */
static uint32_t add_value(struct buf *b, const char *text)
{
	size_t at = b->len;

	if (!text)
		return 0;
	buf_add(b, text, strlen(text) + 1);
	return (uint32_t)at + 1;
}

static void add_attribute(struct buf *b, const char *name, const char *text)
{
	if (text)
		(void)xml_text_add_attribute(b, name, strlen(name), text);
}

struct stanza *stanza_new(const struct stanza_root *root, const char *inner, size_t len)
{
	struct stanza_layout layout = { .kind = root->kind };
	const char *name = stanza_kind_str(root->kind);
	struct stanza *s = NULL;
	struct buf b, envelope;

	buf_init(&b, UINT32_MAX / 2);
	buf_init(&envelope, UINT32_MAX / 2);
	layout.from = add_value(&envelope, root->from);
	layout.to = add_value(&envelope, root->to);
	layout.id = add_value(&envelope, root->id);
	layout.type = add_value(&envelope, root->type);
	buf_addf(&b, "<%s", name);
	add_attribute(&b, "from", root->from);
	add_attribute(&b, "to", root->to);
	add_attribute(&b, "id", root->id);
	add_attribute(&b, "type", root->type);
	if (len) {
		buf_addc(&b, '>');
		buf_add(&b, inner, len);
		buf_addf(&b, "</%s>", name);
	} else {
		buf_adds(&b, "/>");
	}
	if (!buf_failed(&b) && !buf_failed(&envelope))
		s = stanza_make(&layout, &envelope, &b);
	buf_fini(&envelope);
	buf_fini(&b);
	return s;
}

struct stanza *stanza_bounce(const struct stanza *s, const char *type, const char *condition,
			     const char *text)
{
	struct stanza_root root = {
		.kind = s->layout.kind,
		.type = "error",
		.id = stanza_id(s),
		.from = stanza_to(s),
		.to = stanza_from(s),
	};
	struct stanza *error = NULL;
	struct buf b;

	if (stanza_is_final(s))
		return NULL;
	buf_init(&b, BUF_MAX_DEFAULT);
	buf_adds(&b, "<error");
	add_attribute(&b, "type", type);
	buf_addf(&b, "><%s xmlns='" NS_STANZA_ERRORS "'/>", condition);
	if (text) {
		buf_adds(&b, "<text xmlns='" NS_STANZA_ERRORS "' xml:lang='en'>");
		xml_text_add(&b, text, strlen(text));
		buf_adds(&b, "</text>");
	}
	buf_adds(&b, "</error>");
	if (!buf_failed(&b))
		error = stanza_new(&root, b.data, b.len);
	buf_fini(&b);
	return error;
}
