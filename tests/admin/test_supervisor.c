/* supervisor: what the service manager reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "admin/supervisor.h"

struct manager {
	char directory[64];
	char address[108];
	int fd;
};

static void open_manager(struct manager *m, bool abstract)
{
	struct sockaddr_un at;
	size_t len;

	memset(&at, 0, sizeof(at));
	at.sun_family = AF_UNIX;
	snprintf(m->directory, sizeof(m->directory), "/tmp/fedgate-test.XXXXXX");
	assert_non_null(mkdtemp(m->directory));
	if (abstract)
		snprintf(m->address, sizeof(m->address), "@%s/notify", m->directory);
	else
		snprintf(m->address, sizeof(m->address), "%s/notify", m->directory);
	len = strlen(m->address);
	memcpy(at.sun_path, m->address, len);
	if (abstract)
		at.sun_path[0] = '\0';
	m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(m->fd >= 0);
	assert_int_equal(bind(m->fd, (struct sockaddr *)&at,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
			 0);
}

static void close_manager(struct manager *m)
{
	close(m->fd);
	if (m->address[0] == '/')
		unlink(m->address);
	rmdir(m->directory);
}

/* The next datagram; there is exactly one. */
static const char *heard(struct manager *m, char out[1024])
{
	ssize_t n = recv(m->fd, out, 1023, 0);
	char more;

	assert_true(n > 0);
	out[n] = '\0';
	assert_int_equal(recv(m->fd, &more, 1, 0), -1);
	return out;
}

static void says(bool abstract)
{
	struct manager m;
	char text[1024], wanted[1024];

	open_manager(&m, abstract);
	assert_int_equal(supervisor_ready(m.address, "serving"), 0);
	snprintf(wanted, sizeof(wanted), "READY=1\nMAINPID=%ld\nSTATUS=serving", (long)getpid());
	assert_string_equal(heard(&m, text), wanted);
	assert_int_equal(supervisor_status(m.address, "2 domains"), 0);
	assert_string_equal(heard(&m, text), "STATUS=2 domains");
	assert_int_equal(supervisor_stopping(m.address, "draining"), 0);
	assert_string_equal(heard(&m, text), "STOPPING=1\nSTATUS=draining");
	close_manager(&m);
}

static void test_path(void **state)
{
	(void)state;
	says(false);
}

static void test_abstract(void **state)
{
	(void)state;
	says(true);
}

static void test_nobody(void **state)
{
	struct manager m;

	(void)state;
	assert_int_equal(supervisor_ready(NULL, "x"), 0);
	assert_int_equal(supervisor_ready("", "x"), 0);
	assert_int_equal(supervisor_ready("@", "x"), -FAIL_INVALID_ARGUMENT);
	assert_int_equal(supervisor_ready("relative", "x"), -FAIL_INVALID_ARGUMENT);
	open_manager(&m, false);
	close_manager(&m);
	assert_int_equal(supervisor_status(m.address, "x"), -FAIL_IO);
}

/* A status cannot say anything but a status. */
static void test_one_line(void **state)
{
	struct manager m;
	char text[1024], longer[600];

	(void)state;
	open_manager(&m, false);
	assert_int_equal(supervisor_status(m.address, "a\nREADY=1"), 0);
	assert_string_equal(heard(&m, text), "STATUS=a READY=1");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(supervisor_status(m.address, longer), 0);
	assert_int_equal(strlen(heard(&m, text)), strlen("STATUS=") + SUPERVISOR_TEXT_SIZE - 1);
	close_manager(&m);
}

/* A manager that does not read must not hold us up. */
static void test_full(void **state)
{
	struct manager m;
	int i, rc = 0;

	(void)state;
	open_manager(&m, false);
	for (i = 0; i < 100000 && !rc; i++)
		rc = supervisor_status(m.address, "more");
	assert_int_equal(rc, -FAIL_IO);
	close_manager(&m);
}

/* An address may fill the field, not more. */
static void test_long(void **state)
{
	char address[120];

	(void)state;
	memset(address, 'x', sizeof(address));
	address[0] = '/';
	address[108] = '\0';
	assert_int_equal(supervisor_status(address, "x"), -FAIL_INVALID_ARGUMENT);
	address[107] = '\0';
	assert_int_equal(supervisor_status(address, "x"), -FAIL_IO);
	address[0] = '@';
	address[107] = 'x';
	assert_int_equal(supervisor_status(address, "x"), -FAIL_IO);
	address[108] = 'x';
	address[109] = '\0';
	assert_int_equal(supervisor_status(address, "x"), -FAIL_INVALID_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path),   cmocka_unit_test(test_abstract),
		cmocka_unit_test(test_nobody), cmocka_unit_test(test_one_line),
		cmocka_unit_test(test_full),   cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
