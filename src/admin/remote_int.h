/* remote_int: what the commands share that ask the daemon. */
#ifndef ADMIN_REMOTE_INT_H
#define ADMIN_REMOTE_INT_H

#include <stdint.h>

#include "base/fail.h"
#include "report_int.h"

#define REMOTE_SOCKET "/run/fedgate/control"
#define REMOTE_ERROR_SIZE 400

/* The socket: what -s says, else what the configuration says where it can be read, else the usual one. Owned. */
char *remote_socket(const struct command_options *options);

/*
 * Asks; ARGUMENT may be NULL. *RESULT is owned. -FAIL_CONNECT_REFUSED where nobody listens, -FAIL_IO, -FAIL_INVALID_ARGUMENT
 * where the daemon refuses, with the reason; *RESULT is then what else it says, or NULL.
 */
int remote_ask(const char *socket, const char *command, const char *argument, json_t **result,
	       char error[REMOTE_ERROR_SIZE]) must_check;

/* The same with a list that ends in NULL, or NULL. */
int remote_ask_all(const char *socket, const char *command, const char *const *arguments,
		   json_t **result, char error[REMOTE_ERROR_SIZE]) must_check;

/* Asks, or says why not and returns NULL. */
json_t *remote_result(const struct command_options *options, const char *command,
		      const char *const *arguments);

/* Members of an object: 0, "" and false where they are missing or of another type. */
uint64_t remote_int(const json_t *o, const char *key);
const char *remote_str(const json_t *o, const char *key);
bool remote_bool(const json_t *o, const char *key);

/* "45 s", "12 min 3 s", "3 h 12 min", "4 d 2 h" */
void remote_duration(uint64_t ms, struct buf *out);
/* "45s", "12m03s", "3h12m", "4d02h" */
void remote_age(uint64_t ms, char out[24]);
/* "2026-11-25"; "2026-11-25 02:00:31 UTC"; return OUT. */
const char *remote_day(int64_t seconds, char out[16]);
const char *remote_time(int64_t seconds, char out[32]);
/* "TLS 1.3 AES_256_GCM_SHA384"; "in clear" */
void remote_tls(const json_t *o, char out[96]);
/* TEXT, with what could move a terminal as question marks. */
void remote_plain(const char *text, char *out, size_t size);

#endif
