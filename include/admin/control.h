/*
 * control: the socket through which an operator's tool asks the daemon.
 *
 * A UNIX stream socket on the main loop. One connection brings one request, a line, and gets one answer, a line; the answer may
 * come later. Whoever may connect by the file's permissions, and is root, the daemon's own user or a member of the file's
 * group, may ask. What a client does costs at most its place for CONTROL_TIMEOUT_MS. Main thread alone.
 */
#ifndef ADMIN_CONTROL_H
#define ADMIN_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "net/loop.h"

#define CONTROL_CLIENTS_MAX 16
#define CONTROL_LINE_MAX ((size_t)64 << 10)
#define CONTROL_TIMEOUT_MS 10000 /* from connecting to the answer's last byte */
#define CONTROL_ANSWER_MAX ((size_t)256 << 20)
#define CONTROL_ERROR_SIZE 320

/* A request: LINE without its newline, borrowed for the call. CLIENT is never used twice. */
typedef void (*control_fn)(void *context, uint64_t client, const char *line, size_t len);

struct control_options {
	const char *path;
	uint64_t timeout_ms; /* 0 = CONTROL_TIMEOUT_MS */
	control_fn request;
	void *context;
};

struct control;

/*
 * Makes the socket, mode 0660, and its directory where only that is missing. A socket on which nobody listens any more is
 * replaced; anything else in its place is left alone. NULL with the reason.
 */
struct control *control_new(struct loop *l, const struct control_options *options,
			    char error[CONTROL_ERROR_SIZE]);
/* Removes the socket, unless another has taken its place. NULL is allowed. */
void control_free(struct control *c);

/* The answer to CLIENT, without newline; ignored where it is gone. */
void control_answer(struct control *c, uint64_t client, const char *line, size_t len);

#endif
