/*
 * connection: a kernel that takes and gives single bytes, is interrupted, and would block when it need not. [B39]
 *
 * The program's own read, write, recv and send stand in front of the C library's, for the TLS library too.
 */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "ends.h"
#include "pki.h"

static bool hurting;
static uint32_t dice;
static unsigned long shortened, interrupted, blocked;

/* How much of LEN is let through; 0 = none, with errno. */
static size_t let_through(int fd, size_t len)
{
	int protocol = 0, saved = errno;
	socklen_t size = sizeof(protocol);

	if (!hurting || getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) ||
	    protocol != IPPROTO_TCP) {
		errno = saved;
		return len;
	}
	errno = saved;
	dice = dice * 1664525 + 1013904223;
	switch (dice >> 29) {
	case 0:
		interrupted++;
		errno = EINTR;
		return 0;
	case 1:
		blocked++;
		errno = EAGAIN;
		return 0;
	case 2:
		return len;
	case 3:
		shortened++;
		return len < 700 ? len : 700;
	default:
		shortened++;
		return len ? 1 : 0;
	}
}

ssize_t read(int fd, void *to, size_t len)
{
	size_t some = let_through(fd, len);

	return some || !len ? syscall(SYS_read, fd, to, some) : -1;
}

ssize_t write(int fd, const void *from, size_t len)
{
	size_t some = let_through(fd, len);

	return some || !len ? syscall(SYS_write, fd, from, some) : -1;
}

ssize_t recv(int fd, void *to, size_t len, int flags)
{
	size_t some = let_through(fd, len);

	return some || !len ? syscall(SYS_recvfrom, fd, to, some, flags, NULL, NULL) : -1;
}

ssize_t send(int fd, const void *from, size_t len, int flags)
{
	size_t some = let_through(fd, len);

	return some || !len ? syscall(SYS_sendto, fd, from, some, flags, NULL, 0) : -1;
}

#define BYTES 60000

static void exchange(struct ends *t)
{
	char *bytes = malloc(BYTES);
	size_t i;

	assert_non_null(bytes);
	for (i = 0; i < BYTES; i++)
		bytes[i] = (char)((i * 2654435761U) >> 16);
	t->b.echo = true;
	for (i = 0; i < BYTES; i += 150) {
		connection_write(t->a.c, bytes + i, 150);
		if (i % 1500 == 0)
			ends_turn(t);
	}
	ENDS_UNTIL(t, t->a.in.len >= BYTES);
	assert_int_equal(t->b.in.len, BYTES);
	assert_memory_equal(t->b.in.data, bytes, BYTES);
	assert_int_equal(t->a.in.len, BYTES);
	assert_memory_equal(t->a.in.data, bytes, BYTES);
	connection_close(t->a.c, 20000);
	t->a.c = NULL;
	ENDS_UNTIL(t, t->b.ended);
	assert_int_equal(t->b.how, CONNECTION_EOF);
	assert_string_equal(t->b.reason, "ended by the peer");
	connection_close(t->b.c, 20000);
	t->b.c = NULL;
	ends_until_closed(t);
	free(bytes);
	assert_true(shortened > 100 && interrupted > 20 && blocked > 20);
	shortened = interrupted = blocked = 0;
}

static void test_in_clear(void **state)
{
	struct ends t;

	(void)state;
	for (dice = 1; dice < 4; dice++) {
		uint32_t seed = dice;
		ends_init(&t);
		ends_join(&t);
		hurting = true;
		exchange(&t);
		hurting = false;
		ends_fini(&t);
		dice = seed;
	}
}

static void test_in_tls(void **state)
{
	char error[TLS_ERROR_SIZE];
	struct tls *tls;
	struct pki pki;
	struct ends t;

	(void)state;
	pki_init(&pki);
	pki_make(&pki, &(struct pki_wish){ .name = "b.example" });
	tls = tls_new(pki_path(&pki, "anchors", ".pem"), TLS_VERSION_1_2, error);
	assert_non_null(tls);
	assert_int_equal(tls_add_identity(tls, "b.example", pki_path(&pki, "b.example", ".crt"),
					  pki_path(&pki, "b.example", ".key"), error),
			 0);
	for (dice = 1; dice < 4; dice++) {
		uint32_t seed = dice;
		ends_init(&t);
		ends_join(&t);
		hurting = true;
		connection_start_tls(t.b.c, &(struct connection_tls){ .accept = true,
								      .local = "b.example",
								      .tls = tls });
		connection_start_tls(t.a.c, &(struct connection_tls){ .local = "b.example",
								      .server_name = "b.example",
								      .tls = tls });
		ENDS_UNTIL(&t, t.a.tls_up && t.b.tls_up);
		exchange(&t);
		hurting = false;
		ends_fini(&t);
		dice = seed;
	}
	tls_free(tls);
	pki_fini(&pki);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_clear),
		cmocka_unit_test(test_in_tls),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
