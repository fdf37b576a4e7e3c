#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max;
}

void buf_fini(struct buf *b)
{
	free(b->data);
	buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->fail = FAIL_NONE;
}

char *buf_reserve(struct buf *b, size_t n)
{
	size_t size = b->size ? b->size : 256;
	char *data;

	if (b->fail)
		return NULL;
	if (n > b->max || b->len > b->max - n) {
		b->fail = FAIL_BUDGET;
		return NULL;
	}
	if (b->len + n < b->size) /* one byte is kept for buf_str's NUL */
		return b->data + b->len;
	while (size <= b->len + n && size <= SIZE_MAX / 2)
		size *= 2;
	data = size > b->len + n ? realloc(b->data, size) : NULL;
	if (!data) {
		b->fail = FAIL_NO_MEMORY;
		return NULL;
	}
	b->data = data;
	b->size = size;
	return b->data + b->len;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	char *to = buf_reserve(b, len);

	if (!to || !len)
		return;
	memcpy(to, data, len);
	b->len += len;
}

void buf_adds(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_addf(struct buf *b, const char *format, ...)
{
	va_list args;
	char *to;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	to = n < 0 ? NULL : buf_reserve(b, (size_t)n);
	if (!to)
		return;
	va_start(args, format);
	vsnprintf(to, (size_t)n + 1, format, args);
	va_end(args);
	b->len += (size_t)n;
}

static const char *xml_reference(unsigned char c)
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
	case '"':
		return "&quot;";
	case '\r':
		return "&#13;";
	case '\n':
		return "&#10;";
	case '\t':
		return "&#9;";
	default:
		return NULL;
	}
}

void buf_add_xml(struct buf *b, const char *text, size_t len)
{
	size_t start = 0, i;

	for (i = 0; i < len; i++) {
		const char *reference = xml_reference((unsigned char)text[i]);
		if (!reference)
			continue;
		buf_add(b, text + start, i - start);
		buf_adds(b, reference);
		start = i + 1;
	}
	buf_add(b, text + start, len - start);
}

void buf_shift(struct buf *b, size_t n)
{
	if (n && n < b->len)
		memmove(b->data, b->data + n, b->len - n);
	b->len -= n;
}

const char *buf_str(struct buf *b)
{
	if (b->fail || !buf_reserve(b, 0))
		return "";
	b->data[b->len] = '\0';
	return b->data;
}

int buf_failed(const struct buf *b)
{
	return -(int)b->fail;
}
