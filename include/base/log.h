/*
 * log: levels, and one logfmt line built in a bounded buffer.
 *
 * Owns nothing global: a line is composed in a struct log_line on the caller's stack and handed to whoever writes it.
 * Values that come from a peer are escaped and cut visibly ("…"). The pure half composes no lines. Any thread.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

#define LOG_VALUE_MAX 512 /* bytes of one value, escaped, before it is cut */

struct log_line {
	enum log_level level;
	size_t len;
	char text[4096];
};

const char *log_level_str(enum log_level level);
/* Reads the name of a level; false where TEXT is none. */
bool log_level_parse(const char *text, enum log_level *level);

/* Begins "level=… ev=EV"; EV is one of our own words. */
void log_begin(struct log_line *l, enum log_level level, const char *ev);
/* Appends KEY=VALUE, quoted and escaped as needed; a line that is full keeps what it has. VALUE may be NULL (""). */
void log_str(struct log_line *l, const char *key, const char *value);
void log_int(struct log_line *l, const char *key, long long value);
/* Writes the line and a newline to FD in one write; a full or closed FD loses the line, nothing else. */
void log_write(const struct log_line *l, int fd);
/* The same with the level in front as the journal reads it, "<6>": see sd-daemon(3). */
void log_write_journal(const struct log_line *l, int fd);

#endif
