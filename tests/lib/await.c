/*
 * await: waits for what other programs do, without looking again and again.
 *
 *   await port ADDRESS:PORT [MILLISECONDS]
 *     until something accepts a connection there.
 *   await line FILE REGEX [MILLISECONDS]
 *     until a line of FILE, which others are writing, matches the extended REGEX; prints it.
 *
 * Exit status 1 when the time (120 seconds unless given) is over. An address must be one of IPv4.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

#define DEFAULT_MS 120000
#define RETRY_MS 20 /* nobody tells when a port opens */

static void die(const char *what, const char *which)
{
	fprintf(stderr, "await: %s %s%s%s\n", what, which, errno ? ": " : "",
		errno ? strerror(errno) : "");
	exit(2);
}

static bool connects(const struct sockaddr_in *server)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool good;

	if (fd < 0)
		die("no", "socket");
	good = connect(fd, (const struct sockaddr *)server, sizeof(*server)) == 0;
	close(fd);
	return good;
}

static int await_port(const char *text, uint64_t deadline)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	const char *colon = strrchr(text, ':');
	char host[64];
	uint64_t port;

	errno = 0;
	if (!colon || str_copy(host, sizeof(host), text, (size_t)(colon - text)) ||
	    inet_pton(AF_INET, host, &sin.sin_addr) != 1 || str_u64(colon + 1, &port) ||
	    port > 65535)
		die("not an IPv4 address and port:", text);
	sin.sin_port = htons((uint16_t)port);
	while (!connects(&sin)) {
		if (clock_monotonic_ms() >= deadline)
			return 1;
		poll(NULL, 0, RETRY_MS);
	}
	return 0;
}

/* Whole lines only; what is behind the last line end comes again. */
static bool matches(FILE *file, const regex_t *regex)
{
	char *line = NULL;
	size_t size = 0;
	long start = ftell(file);
	ssize_t n;

	while ((n = getline(&line, &size, file)) > 0 && line[n - 1] == '\n') {
		if (regexec(regex, line, 0, NULL, 0) == 0) {
			fputs(line, stdout);
			free(line);
			return true;
		}
		start = ftell(file);
	}
	free(line);
	clearerr(file);
	fseek(file, start, SEEK_SET);
	return false;
}

static int await_line(const char *path, const char *pattern, uint64_t deadline)
{
	uint64_t now;
	int status = 0;
	int watch = inotify_init1(IN_CLOEXEC);
	FILE *file = fopen(path, "r");
	struct pollfd fd = { watch, POLLIN, 0 };
	char events[4096];
	regex_t regex;

	if (!file || watch < 0 || inotify_add_watch(watch, path, IN_MODIFY) < 0)
		die("cannot watch", path);
	errno = 0;
	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB))
		die("not a regular expression:", pattern);
	while (!matches(file, &regex)) {
		now = clock_monotonic_ms();
		if (now >= deadline) {
			status = 1;
			break;
		}
		if (poll(&fd, 1, (int)(deadline - now)) > 0 &&
		    read(watch, events, sizeof(events)) < 0)
			die("cannot watch", path);
	}
	regfree(&regex);
	fclose(file);
	close(watch);
	return status;
}

int main(int argc, char **argv)
{
	bool port = argc > 1 && strcmp(argv[1], "port") == 0;
	bool line = argc > 1 && strcmp(argv[1], "line") == 0;
	int wanted = port ? 3 : 4; /* without the time */
	uint64_t ms = DEFAULT_MS;

	if ((!port && !line) || argc < wanted || argc > wanted + 1 ||
	    (argc > wanted && str_u64(argv[wanted], &ms))) {
		fprintf(stderr, "usage: await port ADDRESS:PORT [MILLISECONDS]\n"
				"       await line FILE REGEX [MILLISECONDS]\n");
		return 2;
	}
	ms += clock_monotonic_ms();
	return port ? await_port(argv[2], ms) : await_line(argv[2], argv[3], ms);
}
