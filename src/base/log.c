#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = {
	[LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARNING] = "warning", [LOG_LEVEL_NOTICE] = "notice",
	[LOG_LEVEL_INFO] = "info",   [LOG_LEVEL_DEBUG] = "debug",
};

#define ELLIPSIS "\xe2\x80\xa6"

const char *log_level_str(enum log_level level)
{
	return names[level];
}

bool log_level_parse(const char *text, enum log_level *level)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(names[i], text))
			continue;
		*level = (enum log_level)i;
		return true;
	}
	return false;
}

/* Appends whole or not at all, and leaves room for the newline. */
static bool append(struct log_line *l, const char *text, size_t len)
{
	if (len > sizeof(l->text) - 2 - l->len)
		return false;
	memcpy(l->text + l->len, text, len);
	l->len += len;
	l->text[l->len] = '\0';
	return true;
}

void log_begin(struct log_line *l, enum log_level level, const char *ev)
{
	l->level = level;
	l->len = 0;
	l->text[0] = '\0';
	append(l, "level=", 6);
	append(l, names[level], strlen(names[level]));
	log_str(l, "ev", ev);
}

/* One byte of a value as it is logged; what could forge a line or move a terminal is escaped. */
static size_t escape(char out[4], unsigned char c)
{
	static const char hex[] = "0123456789abcdef";

	if (c == '"' || c == '\\') {
		out[0] = '\\';
		out[1] = (char)c;
		return 2;
	}
	if (c >= 0x20 && c != 0x7f) {
		out[0] = (char)c;
		return 1;
	}
	out[0] = '\\';
	out[1] = 'x';
	out[2] = hex[c >> 4];
	out[3] = hex[c & 15];
	return 4;
}

static bool is_plain(const char *value)
{
	return *value && !value[strcspn(value, " =\"\\")];
}

/* The C1 controls are two bytes in UTF-8, and terminals obey them. */
static bool is_c1(const char *p)
{
	return (unsigned char)p[0] == 0xc2 && (unsigned char)p[1] >= 0x80 &&
	       (unsigned char)p[1] < 0xa0;
}

void log_str(struct log_line *l, const char *key, const char *value)
{
	char text[LOG_VALUE_MAX + 8];
	size_t n = 0, mark = l->len;
	const char *p = value ? value : "";
	bool plain = is_plain(p);

	for (; *p && n < LOG_VALUE_MAX - 8; p++) {
		if (is_c1(p)) {
			n += (size_t)sprintf(text + n, "\\u%04x", (unsigned char)*++p);
			plain = false;
			continue;
		}
		size_t k = escape(text + n, (unsigned char)*p);
		if (k > 1)
			plain = false;
		n += k;
	}
	if (*p) {
		while (n &&
		       ((unsigned char)text[n - 1] & 0xc0) == 0x80) /* cut between characters */
			n--;
		if (n && (unsigned char)text[n - 1] >= 0xc0)
			n--;
		memcpy(text + n, ELLIPSIS, 3);
		n += 3;
	}
	if (append(l, " ", 1) && append(l, key, strlen(key)) && append(l, "=", 1) &&
	    (plain || append(l, "\"", 1)) && append(l, text, n) && (plain || append(l, "\"", 1)))
		return;
	l->len = mark;
	l->text[mark] = '\0';
}

void log_int(struct log_line *l, const char *key, long long value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", value);
	log_str(l, key, text);
}

static void write_line(const char *prefix, const struct log_line *l, int fd)
{
	char text[sizeof(l->text) + 8];
	size_t n = strlen(prefix);
	ssize_t written;

	memcpy(text, prefix, n);
	memcpy(text + n, l->text, l->len);
	text[n + l->len] = '\n';
	written = write(fd, text, n + l->len + 1);
	(void)written; /* a full disk or a closed pipe must not stop the service */
}

void log_write(const struct log_line *l, int fd)
{
	write_line("", l, fd);
}

void log_write_journal(const struct log_line *l, int fd)
{
	static const char *const priorities[] = {
		[LOG_LEVEL_ERROR] = "<3>", [LOG_LEVEL_WARNING] = "<4>", [LOG_LEVEL_NOTICE] = "<5>",
		[LOG_LEVEL_INFO] = "<6>",  [LOG_LEVEL_DEBUG] = "<7>",
	};

	write_line(priorities[l->level], l, fd);
}
