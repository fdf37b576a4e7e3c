#include "xml_text_int.h"

#include <stdint.h>
#include <string.h>

enum { IN_CONTENT = 1, IN_VALUE = 2, AT_END = 4 };

static const uint8_t special[256] = {
	['\0'] = AT_END,
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

void xml_text_add(struct buf *b, const char *text, size_t len)
{
	size_t start = 0, i;

	for (i = 0; i < len; i++) {
		if (!(special[(unsigned char)text[i]] & IN_CONTENT))
			continue;
		buf_add(b, text + start, i - start);
		buf_adds(b, reference(text[i]));
		start = i + 1;
	}
	buf_add(b, text + start, len - start);
}

void xml_text_add_value(struct buf *b, const char *value)
{
	const char *p = value;

	for (;;) {
		while (!(special[(unsigned char)*p] & (IN_VALUE | AT_END)))
			p++;
		buf_add(b, value, (size_t)(p - value));
		if (!*p)
			return;
		buf_adds(b, reference(*p));
		value = ++p;
	}
}
