/*
 * ask: has a component send something, and prints what came of it.
 *
 *   ask SOCKET KIND FROM TO [MILLISECONDS]
 *     has the component that listens at SOCKET send from FROM to TO a message, ping or version (KIND). Prints the outcome as
 *     logfmt: result=reply, bounce, silence (for 10 seconds unless given) or refused.
 *   ask SOCKET
 *     takes such requests from standard input, a line each, all at once; prints the outcomes in the order they come in.
 *
 * Exit status 0 where all were replies, 1 otherwise.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/str.h"

static int connect_to(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	errno = 0;
	if (fd < 0 || str_copy(sun.sun_path, sizeof(sun.sun_path), path, strlen(path)) ||
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun))) {
		fprintf(stderr, "ask: cannot reach %s: %s\n", path, strerror(errno));
		exit(2);
	}
	return fd;
}

int main(int argc, char **argv)
{
	char line[2048];
	bool all = true;
	FILE *peer;
	int fd, i;

	if (argc != 2 && argc != 5 && argc != 6) {
		fprintf(stderr, "usage: ask SOCKET [KIND FROM TO [MILLISECONDS]]\n");
		return 2;
	}
	fd = connect_to(argv[1]);
	peer = fdopen(fd, "r+");
	if (!peer)
		return 2;
	for (i = 2; i < argc; i++)
		fprintf(peer, "%s%c", argv[i], i + 1 < argc ? ' ' : '\n');
	while (argc == 2 && fgets(line, sizeof(line), stdin))
		fputs(line, peer);
	fflush(peer);
	shutdown(fd, SHUT_WR);
	while (fgets(line, sizeof(line), peer)) {
		fputs(line, stdout);
		fflush(stdout);
		all = all && strncmp(line, "result=reply", 12) == 0;
	}
	return all ? 0 : 1;
}
