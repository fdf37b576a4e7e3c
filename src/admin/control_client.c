#include "admin/control_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "control_int.h"

#define WAIT_S 15 /* longer than the daemon takes to say that it has no answer */

static int connect_to(const char *path, char error[CONTROL_CLIENT_ERROR_SIZE], int *out)
{
	struct sockaddr_un at;
	struct timeval wait = { WAIT_S, 0 };
	int fd, rc = -FAIL_IO;

	if (!control_address(path, &at)) {
		snprintf(error, CONTROL_CLIENT_ERROR_SIZE,
			 "%.160s: the path is too long for a socket", path);
		return rc;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) &&
	    !setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) &&
	    !connect(fd, (const struct sockaddr *)&at, sizeof(at))) {
		*out = fd;
		return 0;
	}
	if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR) {
		rc = -FAIL_CONNECT_REFUSED;
		snprintf(error, CONTROL_CLIENT_ERROR_SIZE,
			 "%.160s: nobody listens: is fedgated running?", path);
	} else {
		snprintf(error, CONTROL_CLIENT_ERROR_SIZE, "%.160s: %s", path, strerror(errno));
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Whoever refuses us closes without reading: what it said is to be read all the same. */
static void send_line(int fd, const char *line)
{
	size_t left = strlen(line);

	while (left) {
		ssize_t n = send(fd, line, left, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return;
		line += n;
		left -= (size_t)n;
	}
}

static int receive_line(int fd, struct buf *answer)
{
	char data[16384];

	for (;;) {
		ssize_t n = recv(fd, data, sizeof(data), 0);
		const char *end = n > 0 ? memchr(data, '\n', (size_t)n) : NULL;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : ECONNRESET;
		buf_add(answer, data, end ? (size_t)(end - data) : (size_t)n);
		if (buf_failed(answer))
			return ENOMEM;
		if (end)
			return 0;
	}
}

int control_ask(const char *path, const char *line, struct buf *answer,
		char error[CONTROL_CLIENT_ERROR_SIZE])
{
	int fd, failed, rc = connect_to(path, error, &fd);

	if (rc)
		return rc;
	send_line(fd, line);
	failed = receive_line(fd, answer);
	close(fd);
	if (!failed)
		return 0;
	snprintf(error, CONTROL_CLIENT_ERROR_SIZE, "%.160s: %s", path,
		 failed == EAGAIN || failed == EWOULDBLOCK ? "no answer came in time"
							   : "the answer broke off");
	return -FAIL_IO;
}
