/* hear SOCKET: prints what a service is told to tell, a line each with "|" for newlines, until it is terminated. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char **argv)
{
	struct sockaddr_un at;
	char text[1024], *p;
	ssize_t n;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memset(&at, 0, sizeof(at));
	at.sun_family = AF_UNIX;
	if (argc != 2 || strlen(argv[1]) >= sizeof(at.sun_path))
		return 2;
	strcpy(at.sun_path, argv[1]);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		perror(argv[1]);
		return 1;
	}
	puts("listening");
	fflush(stdout);
	while ((n = recv(fd, text, sizeof(text) - 1, 0)) >= 0) {
		text[n] = '\0';
		for (p = text; *p; p++)
			if (*p == '\n')
				*p = '|';
		puts(text);
		fflush(stdout);
	}
	return 1;
}
