#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "control_int.h"

#define GROUPS_MAX 65536 /* the kernel's */
#define BACKLOG 64

bool control_address(const char *path, struct sockaddr_un *out)
{
	memset(out, 0, sizeof(*out));
	out->sun_family = AF_UNIX;
	return !str_copy(out->sun_path, sizeof(out->sun_path), path, strlen(path));
}

static int fail(char error[CONTROL_ERROR_SIZE], const char *path, const char *why)
{
	snprintf(error, CONTROL_ERROR_SIZE, "%.160s: %.150s", path, why);
	return -1;
}

/* Makes the directory of PATH where it is missing, and gives a descriptor of it, or -1. */
static int open_directory(const char *path)
{
	char directory[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (!slash)
		strcpy(directory, ".");
	else if (str_copy(directory, sizeof(directory), path, len ? len : 1))
		return -1;
	if (!mkdir(directory, 0755) && chmod(directory, 0755) < 0) /* whatever the umask */
		return -1;
	return open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/*
 * One at a time looks whether a socket is stale and replaces it: two daemons that start together could take each other's away.
 * Whoever may read the directory could hold the lock, so that nobody waits for it for long.
 */
static void lock_directory(int fd)
{
	static const struct timespec pause = { 0, 10 * 1000 * 1000 };
	int tries;

	for (tries = 0; tries < 50 && flock(fd, LOCK_EX | LOCK_NB) < 0; tries++)
		nanosleep(&pause, NULL);
}

/* Does anybody listen there? */
static bool is_stale(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool stale = fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof(*at)) < 0 &&
		     errno == ECONNREFUSED;

	if (fd >= 0)
		close(fd);
	return stale;
}

/* Binds FD, in place of a socket that nobody listens on. */
static int bind_fd(int fd, const struct sockaddr_un *at, char error[CONTROL_ERROR_SIZE])
{
	const char *path = at->sun_path;
	struct stat st;

	if (!bind(fd, (const struct sockaddr *)at, sizeof(*at)))
		return 0;
	if (errno != EADDRINUSE)
		return fail(error, path, strerror(errno));
	if (lstat(path, &st) < 0)
		return fail(error, path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return fail(error, path, "it exists and is no socket");
	if (!is_stale(at))
		return fail(error, path, "somebody listens there already");
	if (unlink(path) < 0 || bind(fd, (const struct sockaddr *)at, sizeof(*at)) < 0)
		return fail(error, path, strerror(errno));
	return 0;
}

static int open_in(const struct sockaddr_un *at, struct stat *file, char error[CONTROL_ERROR_SIZE])
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return fail(error, at->sun_path, strerror(errno));
	if (bind_fd(fd, at, error))
		goto out;
	/* nobody can connect before listen: there is no moment with other permissions */
	if (chmod(at->sun_path, 0660) < 0 || lstat(at->sun_path, file) < 0 ||
	    listen(fd, BACKLOG) < 0) {
		fail(error, at->sun_path, strerror(errno));
		unlink(at->sun_path);
		goto out;
	}
	return fd;
out:
	close(fd);
	return -1;
}

int control_open(const char *path, struct stat *file, char error[CONTROL_ERROR_SIZE])
{
	struct sockaddr_un at;
	int directory, fd;

	if (!*path || !control_address(path, &at))
		return fail(error, path, "the path is too long for a socket");
	directory = open_directory(path);
	if (directory < 0)
		return fail(error, path, strerror(errno));
	lock_directory(directory);
	fd = open_in(&at, file, error);
	close(directory); /* and its lock */
	return fd;
}

/* Is the other end's user in GROUP? */
static bool in_group(int fd, gid_t group)
{
	gid_t *groups = calloc(GROUPS_MAX, sizeof(*groups));
	socklen_t len = GROUPS_MAX * sizeof(*groups);
	bool found = false;
	size_t i;

	if (!groups)
		return false;
	if (!getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len))
		for (i = 0; i < len / sizeof(*groups) && !found; i++)
			found = groups[i] == group;
	free(groups);
	return found;
}

bool control_permits(int fd, gid_t group, uid_t *uid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	*uid = (uid_t)-1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	*uid = peer.uid;
	return peer.uid == 0 || peer.uid == geteuid() || peer.gid == group || in_group(fd, group);
}
