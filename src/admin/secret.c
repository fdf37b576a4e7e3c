#include "admin/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "config/config.h"

#define SECRET_BYTES 32

static int io_error(char error[SECRET_ERROR_SIZE], const char *path)
{
	/* the path may be as long as it likes, the reason must remain */
	snprintf(error, SECRET_ERROR_SIZE, "%.180s: %s", path, strerror(errno));
	return -FAIL_IO;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -FAIL_IO;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A name in it is only there for good when the directory is on the disk too. */
static void sync_directory(const char *path)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd;

	if (!slash)
		strcpy(directory, ".");
	else if (str_copy(directory, sizeof(directory), path, (size_t)(slash - path) + 1))
		return;
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static int write_secret(const char *path)
{
	unsigned char bytes[SECRET_BYTES];
	char text[2 * SECRET_BYTES + 2];
	int fd, rc = random_bytes(bytes, sizeof(bytes));

	if (rc)
		return rc;
	str_hex(text, bytes, sizeof(bytes));
	memcpy(text + 2 * SECRET_BYTES, "\n", 2);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	rc = fd < 0 ? -FAIL_IO : write_all(fd, text, strlen(text));
	if (!rc && fsync(fd) < 0)
		rc = -FAIL_IO;
	if (fd >= 0 && close(fd) < 0)
		rc = -FAIL_IO;
	explicit_bzero(bytes, sizeof(bytes));
	explicit_bzero(text, sizeof(text));
	return rc;
}

int secret_ensure(const char *path, bool *made, char error[SECRET_ERROR_SIZE])
{
	char other[PATH_MAX], tail[17];
	unsigned char bytes[8];
	int rc;

	if (made)
		*made = false;
	if (!access(path, F_OK))
		return 0;
	if (errno != ENOENT)
		return io_error(error, path);
	rc = random_bytes(bytes, sizeof(bytes));
	if (rc)
		return io_error(error, "random bytes");
	str_hex(tail, bytes, sizeof(bytes));
	if (str_format(other, sizeof(other), "%s.%s", path, tail)) {
		errno = ENAMETOOLONG;
		return io_error(error, path);
	}
	if (write_secret(other)) {
		rc = io_error(error, path);
		unlink(other);
		return rc;
	}
	if (!link(other, path)) {
		if (made)
			*made = true;
	} else if (errno != EEXIST) { /* another process may have been faster: its secret stays */
		rc = io_error(error, path);
	}
	unlink(other);
	sync_directory(path);
	return rc;
}

int secret_load(const char *path, size_t min, struct secret *out, char error[SECRET_ERROR_SIZE])
{
	struct config_files files = config_files_system();
	struct config_file file;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	errno = files.read(NULL, path, CONFIG_SECRET_MAX, &file);
	if (errno)
		return io_error(error, path);
	out->len = file.len;
	if (out->len && file.data[out->len - 1] == '\n')
		out->len--;
	if (out->len && file.data[out->len - 1] == '\r')
		out->len--;
	if (out->len < min) {
		snprintf(error, SECRET_ERROR_SIZE, "%.180s: %zu bytes are too few, %zu are needed",
			 path, out->len, min);
		out->len = 0;
		rc = -FAIL_CONFIG;
	} else {
		out->data = mem_strndup(file.data, out->len);
	}
	config_file_fini(&file);
	return rc;
}

void secret_free(struct secret *secret)
{
	if (secret->data)
		explicit_bzero(secret->data, secret->len);
	free(secret->data);
	memset(secret, 0, sizeof(*secret));
}
