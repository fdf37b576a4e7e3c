/*
 * control_client: asks the daemon through its control socket.
 *
 * Blocks, for a limited time. For the main thread of a tool.
 */
#ifndef ADMIN_CONTROL_CLIENT_H
#define ADMIN_CONTROL_CLIENT_H

#include "base/buf.h"
#include "base/fail.h"

#define CONTROL_CLIENT_ERROR_SIZE 320

/*
 * Sends LINE (with its newline) to the socket PATH and gives the line that comes back, without newline. -FAIL_CONNECT_REFUSED
 * where nobody listens, -FAIL_IO otherwise, with the reason.
 */
int control_ask(const char *path, const char *line, struct buf *answer,
		char error[CONTROL_CLIENT_ERROR_SIZE]) must_check;

#endif
