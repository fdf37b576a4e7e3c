/*
 * supervisor: tells the service manager how we are, by its datagram.
 *
 * Keeps nothing. Never blocks, never fails the service: whoever supervises may be gone. Without an address, the value of
 * $NOTIFY_SOCKET, nobody wants to know. Any thread.
 */
#ifndef ADMIN_SUPERVISOR_H
#define ADMIN_SUPERVISOR_H

#include "base/fail.h"

#define SUPERVISOR_TEXT_SIZE 256

/*
 * Each sends one datagram to ADDRESS: a path, or an abstract name behind '@'. TEXT is for people, cut where it is too long. 0,
 * also where ADDRESS is NULL or ""; -FAIL_INVALID_ARGUMENT where it is no address; -FAIL_IO where nobody takes it.
 */
int supervisor_ready(const char *address, const char *text);
int supervisor_status(const char *address, const char *text);
/* Between it and the next ready: the configuration is being read. */
int supervisor_reloading(const char *address);
int supervisor_stopping(const char *address, const char *text);

#endif
