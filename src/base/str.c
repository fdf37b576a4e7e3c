#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int str_copy(char *dst, size_t size, const char *src, size_t len)
{
	if (len >= size)
		return -FAIL_INVALID_ARGUMENT;
	memcpy(dst, src, len);
	dst[len] = '\0';
	return 0;
}

int str_format(char *dst, size_t size, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(dst, size, format, args);
	va_end(args);
	return n < 0 || (size_t)n >= size ? -FAIL_INVALID_ARGUMENT : 0;
}

void str_hex(char *dst, const void *data, size_t len)
{
	const unsigned char *p = data;
	size_t i;

	for (i = 0; i < len; i++) {
		*dst++ = "0123456789abcdef"[p[i] >> 4];
		*dst++ = "0123456789abcdef"[p[i] & 15];
	}
	*dst = '\0';
}

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t str_base64(char *dst, const void *data, size_t len)
{
	const unsigned char *p = data;
	char *start = dst;
	size_t i;

	for (i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t v = (uint32_t)p[i] << 16;
		if (left > 1)
			v |= (uint32_t)p[i + 1] << 8;
		if (left > 2)
			v |= p[i + 2];
		*dst++ = base64[v >> 18];
		*dst++ = base64[v >> 12 & 63];
		*dst++ = left > 1 ? base64[v >> 6 & 63] : '=';
		*dst++ = left > 2 ? base64[v & 63] : '=';
	}
	*dst = '\0';
	return (size_t)(dst - start);
}

static int base64_value(char c)
{
	const char *at = c ? strchr(base64, c) : NULL;

	return at ? (int)(at - base64) : -1;
}

int str_unbase64(const char *text, size_t len, unsigned char *dst, size_t *out_len)
{
	size_t i, n = 0, pad = 0;

	if (len % 4)
		return -FAIL_INVALID_ARGUMENT;
	if (len && text[len - 1] == '=')
		pad = text[len - 2] == '=' ? 2 : 1;
	for (i = 0; i < len; i += 4) {
		bool last = i + 4 == len;
		int v[4], k;
		for (k = 0; k < 4; k++) {
			bool padding = last && (size_t)k >= 4 - pad;
			v[k] = padding ? 0 : base64_value(text[i + (size_t)k]);
			if (v[k] < 0)
				return -FAIL_INVALID_ARGUMENT;
		}
		/* bits that the padding cuts off must be zero, or one value had several spellings */
		if (last && ((pad == 2 && v[1] & 15) || (pad == 1 && v[2] & 3)))
			return -FAIL_INVALID_ARGUMENT;
		dst[n++] = (unsigned char)(v[0] << 2 | v[1] >> 4);
		if (!last || pad < 2)
			dst[n++] = (unsigned char)(v[1] << 4 | v[2] >> 2);
		if (!last || pad < 1)
			dst[n++] = (unsigned char)(v[2] << 6 | v[3]);
	}
	dst[n] = '\0';
	*out_len = n;
	return 0;
}

bool str_equal_constant_time(const void *a, const void *b, size_t len)
{
	const volatile unsigned char *x = a, *y = b;
	unsigned char difference = 0;
	size_t i;

	for (i = 0; i < len; i++)
		difference |= x[i] ^ y[i];
	return difference == 0;
}

/* Digits at the front of TEXT; *END behind them. */
static int digits(const char *text, const char **end, uint64_t *value)
{
	uint64_t v = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++) {
		unsigned digit = (unsigned)(*p - '0');
		if (v > (UINT64_MAX - digit) / 10)
			return -FAIL_INVALID_ARGUMENT;
		v = v * 10 + digit;
	}
	*end = p;
	*value = v;
	return p == text ? -FAIL_INVALID_ARGUMENT : 0;
}

struct unit {
	char letter;
	uint64_t factor;
};

static int quantity(const char *text, const struct unit *units, uint64_t *out)
{
	const char *end;
	uint64_t value, factor = 1;
	int rc = digits(text, &end, &value);

	if (rc)
		return rc;
	if (*end) {
		while (units->letter && units->letter != *end)
			units++;
		if (!units->letter || end[1])
			return -FAIL_INVALID_ARGUMENT;
		factor = units->factor;
	}
	if (value > UINT64_MAX / factor)
		return -FAIL_INVALID_ARGUMENT;
	*out = value * factor;
	return 0;
}

int str_duration(const char *text, uint64_t *seconds)
{
	static const struct unit units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 0, 0 }
	};

	return quantity(text, units, seconds);
}

int str_bytes(const char *text, uint64_t *bytes)
{
	static const struct unit units[] = { { 'k', 1024 }, { 'M', 1024 * 1024 }, { 0, 0 } };

	return quantity(text, units, bytes);
}

int str_u64(const char *text, uint64_t *value)
{
	static const struct unit none[] = { { 0, 0 } };

	return quantity(text, none, value);
}

#define DISTANCE_MAX 64

unsigned str_distance(const char *a, const char *b, unsigned limit)
{
	size_t la = strlen(a), lb = strlen(b), i, j;
	unsigned row[DISTANCE_MAX + 1];

	if (la > DISTANCE_MAX || lb > DISTANCE_MAX)
		return limit + 1;
	for (j = 0; j <= lb; j++)
		row[j] = (unsigned)j;
	for (i = 1; i <= la; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i;
		for (j = 1; j <= lb; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[lb] > limit ? limit + 1 : row[lb];
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void str_trim(const char **text, size_t *len)
{
	while (*len && is_space(**text)) {
		++*text;
		--*len;
	}
	while (*len && is_space((*text)[*len - 1]))
		--*len;
}

size_t str_text_char(const char *p, size_t left)
{
	static const unsigned long least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)*p;
	unsigned long code;
	size_t size, i;

	if (first < 0x80)
		return first >= 0x20 && first != 0x7f;
	size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (first < 0xc2 || first > 0xf4 || size > left)
		return 0;
	code = first & (0x7fu >> size);
	for (i = 1; i < size; i++) {
		if (((unsigned char)p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | ((unsigned char)p[i] & 0x3f);
	}
	if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return code < 0xa0 ? 0 : size;
}
