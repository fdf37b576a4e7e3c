#include "xml_text_int.h"

#include <stdint.h>

/*
 * Eight bytes at a time are looked at with the usual arithmetic on words: a word without a special byte is copied whole,
 * any other byte by byte. The tests may not miss a special byte; a false alarm costs time alone.
 */
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))
#define HAS_ZERO(w) (((w)-EACH(1)) & ~(w)&EACH(0x80))
#define HAS_BELOW(w, n) (((w)-EACH(n)) & ~(w)&EACH(0x80))

#define SHORT_VALUE 64 /* bytes that are quicker copied one by one than measured first */

enum { IN_CONTENT = 1, IN_VALUE = 2, END = 4 };

static const uint8_t special[256] = {
	['\0'] = END,
	['&'] = IN_CONTENT | IN_VALUE,
	['<'] = IN_CONTENT | IN_VALUE,
	['>'] = IN_CONTENT,
	['\r'] = IN_CONTENT | IN_VALUE,
	['\''] = IN_VALUE,
	['\n'] = IN_VALUE,
	['\t'] = IN_VALUE,
};

static const char *reference(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '\'':
		return "&apos;";
	case '\r':
		return "&#13;";
	case '\n':
		return "&#10;";
	default:
		return "&#9;";
	}
}

static inline bool suspicious(uint64_t w, unsigned where)
{
	uint64_t found = HAS_BELOW(w, 0x0e);

	if (where == IN_CONTENT) /* '<' and '>' differ in one bit, as do '&' and the apostrophe */
		return found | HAS_ZERO(w ^ EACH('&')) | HAS_ZERO((w | EACH(2)) ^ EACH('>'));
	return found | HAS_ZERO((w | EACH(1)) ^ EACH('\'')) | HAS_ZERO(w ^ EACH('<'));
}

/* Copies up to the first special byte; returns how many. */
static inline size_t copy_plain(char *to, const char *text, size_t len, unsigned where)
{
	size_t i = 0, stop;
	uint64_t w;

	while (i < len) {
		for (; len - i >= sizeof(w); i += sizeof(w)) {
			memcpy(&w, text + i, sizeof(w));
			if (suspicious(w, where))
				break;
			memcpy(to + i, &w, sizeof(w));
		}
		for (stop = len - i < sizeof(w) ? len : i + sizeof(w); i < stop; i++) {
			if (special[(unsigned char)text[i]] & where)
				return i;
			to[i] = text[i];
		}
	}
	return i;
}

static inline void add_escaped(struct buf *b, const char *text, size_t len, unsigned where)
{
	while (len) {
		char *to = xml_text_room(b, len);
		size_t n;
		if (!to)
			return;
		n = copy_plain(to, text, len, where);
		b->len += n;
		if (n == len)
			return;
		buf_adds(b, reference(text[n]));
		text += n + 1;
		len -= n + 1;
	}
}

void xml_text_add(struct buf *b, const char *text, size_t len)
{
	add_escaped(b, text, len, IN_CONTENT);
}

void xml_text_add_value(struct buf *b, const char *value, size_t len)
{
	add_escaped(b, value, len, IN_VALUE);
}

size_t xml_text_add_attribute(struct buf *b, const char *name, size_t name_len, const char *value)
{
	char *to = xml_text_room(b, name_len + SHORT_VALUE + 3);
	size_t n = 0;

	if (!to)
		return strlen(value);
	*to++ = ' ';
	memcpy(to, name, name_len);
	to += name_len;
	*to++ = '=';
	*to++ = '\'';
	while (n < SHORT_VALUE && !(special[(unsigned char)value[n]] & (IN_VALUE | END))) {
		to[n] = value[n];
		n++;
	}
	b->len += name_len + n + 3;
	if (value[n]) {
		size_t rest = strlen(value + n);
		add_escaped(b, value + n, rest, IN_VALUE);
		n += rest;
	}
	xml_text_putc(b, '\'');
	return n;
}
