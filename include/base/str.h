/*
 * str: small work on text: bounded copies, hex, base64, sizes, durations, nearest word.
 *
 * Locale-free. Nothing here truncates silently: a copy that does not fit is a failure. Any thread; no state.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"

/* Copies LEN bytes and a NUL into DST of SIZE; -FAIL_INVALID_ARGUMENT where they do not fit. */
int str_copy(char *dst, size_t size, const char *src, size_t len) must_check;
/* printf into DST; -FAIL_INVALID_ARGUMENT where it does not fit. */
int str_format(char *dst, size_t size, const char *format, ...) must_check
	__attribute__((format(printf, 3, 4)));
/* Lowercase hex of LEN bytes into DST of at least 2 * LEN + 1. */
void str_hex(char *dst, const void *data, size_t len);
/* Base64 of RFC 4648 with padding; DST of at least 4 * ((LEN + 2) / 3) + 1. Returns the length without the NUL. */
size_t str_base64(char *dst, const void *data, size_t len);
/* Strict decoding: no white space, right padding. DST of at least LEN / 4 * 3 + 1, NUL-terminated.
 * -FAIL_INVALID_ARGUMENT on anything else. */
int str_unbase64(const char *text, size_t len, unsigned char *dst, size_t *out_len) must_check;
/* Compares LEN bytes in time that depends on LEN alone. */
bool str_equal_constant_time(const void *a, const void *b, size_t len);
/* "90", "90s", "5m", "8h", "2d" -> seconds; "100", "256k", "4M" -> bytes (k = 1024). -FAIL_INVALID_ARGUMENT. */
int str_duration(const char *text, uint64_t *seconds) must_check;
int str_bytes(const char *text, uint64_t *bytes) must_check;
/* Digits only; -FAIL_INVALID_ARGUMENT on anything else or overflow. */
int str_u64(const char *text, uint64_t *value) must_check;
/* The Levenshtein distance, at most LIMIT + 1. */
unsigned str_distance(const char *a, const char *b, unsigned limit);
/* The length of the UTF-8 character at P, which has LEFT > 0 bytes; 0 where it is malformed (overlong, surrogate, beyond
 * U+10FFFF, cut off) or a control character. */
size_t str_text_char(const char *p, size_t left);
/* Trims XML white space at both ends in place of the (pointer, length) pair. */
void str_trim(const char **text, size_t *len);

#endif
