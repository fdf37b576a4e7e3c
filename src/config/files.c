/* The file system, as config/load sees it. */
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

/* Reads until the end, or one byte more than MAX. */
static int read_all(int fd, size_t max, struct config_file *out)
{
	size_t size = 4096;

	out->data = mem_new(size);
	for (;;) {
		ssize_t n;
		if (out->len == size) {
			char *larger = mem_new(size * 2);
			memcpy(larger, out->data, out->len);
			explicit_bzero(out->data, out->len); /* it may be a key */
			free(out->data);
			out->data = larger;
			size *= 2;
		}
		n = read(fd, out->data + out->len, size - out->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (!n)
			return 0;
		out->len += (size_t)n;
		if (out->len > max)
			return EFBIG;
	}
}

static int system_read(void *context, const char *path, size_t max, struct config_file *out)
{
	struct stat st;
	int fd, error = 0;

	(void)context;
	memset(out, 0, sizeof(*out));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return errno;
	if (fstat(fd, &st) < 0) {
		error = errno;
		goto out;
	}
	out->mode = st.st_mode & 07777;
	out->device = st.st_dev;
	out->inode = st.st_ino;
	error = read_all(fd, max, out);
	if (error)
		config_file_fini(out);
out:
	close(fd);
	return error;
}

static int system_list(void *context, const char *pattern, struct config_names *out)
{
	glob_t found;
	size_t i;
	int rc;

	(void)context;
	memset(out, 0, sizeof(*out));
	errno = 0;
	rc = glob(pattern, GLOB_ERR, NULL, &found);
	if (rc) {
		int error = errno;
		globfree(&found);
		/* a directory that is not there holds nothing that matches */
		if (rc == GLOB_NOMATCH || error == ENOENT || error == ENOTDIR)
			return 0;
		return error ? error : ENOMEM;
	}
	out->items = mem_new(found.gl_pathc * sizeof(*out->items));
	for (i = 0; i < found.gl_pathc; i++)
		out->items[out->count++] = mem_strdup(found.gl_pathv[i]);
	globfree(&found);
	return 0;
}

struct config_files config_files_system(void)
{
	return (struct config_files){ .read = system_read, .list = system_list };
}
