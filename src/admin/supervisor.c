#include "admin/supervisor.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

static int parse_address(const char *text, struct sockaddr_un *out, socklen_t *len)
{
	size_t n = strlen(text);

	/* an abstract name may fill all of the field, a path needs its NUL */
	if ((*text != '/' && *text != '@') || n < 2 ||
	    n >= sizeof(out->sun_path) + (*text == '@' ? 1 : 0))
		return -FAIL_INVALID_ARGUMENT;
	memset(out, 0, sizeof(*out));
	out->sun_family = AF_UNIX;
	memcpy(out->sun_path, text, n);
	if (*text == '@')
		out->sun_path[0] = '\0';
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (*text == '/' ? 1 : 0));
	return 0;
}

static int tell(const char *address, const char *message)
{
	struct sockaddr_un to;
	socklen_t len;
	ssize_t sent;
	int fd, rc;

	rc = parse_address(address, &to, &len);
	if (rc)
		return rc;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -FAIL_IO;
	sent = sendto(fd, message, strlen(message), MSG_DONTWAIT | MSG_NOSIGNAL,
		      (const struct sockaddr *)&to, len);
	close(fd);
	return sent < 0 ? -FAIL_IO : 0;
}

/* "NAME=VALUE" of the protocol ends with its line: TEXT is one. */
static int tell_with_status(const char *address, const char *what, const char *text)
{
	char message[SUPERVISOR_TEXT_SIZE + 80];
	char *p;

	if (!address || !*address)
		return 0;
	snprintf(message, sizeof(message), "%sSTATUS=%.*s", what, SUPERVISOR_TEXT_SIZE - 1, text);
	for (p = message + strlen(what); *p; p++)
		if (*p == '\n')
			*p = ' ';
	return tell(address, message);
}

int supervisor_ready(const char *address, const char *text)
{
	char what[64];

	snprintf(what, sizeof(what), "READY=1\nMAINPID=%ld\n", (long)getpid());
	return tell_with_status(address, what, text);
}

int supervisor_status(const char *address, const char *text)
{
	return tell_with_status(address, "", text);
}

int supervisor_reloading(const char *address)
{
	char what[80];

	/* the time tells a reload that was asked for from one before */
	snprintf(what, sizeof(what), "RELOADING=1\nMONOTONIC_USEC=%llu\n",
		 (unsigned long long)clock_monotonic_ms() * 1000);
	return tell_with_status(address, what, "reading the configuration");
}

int supervisor_stopping(const char *address, const char *text)
{
	return tell_with_status(address, "STOPPING=1\n", text);
}
