#include "ends.h"

#include <dirent.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define DEADLINE_MS 30000
#define GRACE_MS 10000

static void on_connected(void *context)
{
	struct end *e = context;

	e->connected = true;
	loop_stop(e->ends->loop);
}

static void on_data(void *context, const char *data, size_t len)
{
	struct end *e = context;

	buf_add(&e->in, data, len);
	e->calls++;
	if (e->echo)
		connection_write(e->c, data, len);
	if (e->on_data)
		e->on_data(e);
	loop_stop(e->ends->loop);
}

static void on_tls_up(void *context)
{
	struct end *e = context;

	e->tls_up = true;
	loop_stop(e->ends->loop);
}

static void on_tls_failed(void *context, const char *reason)
{
	struct end *e = context;

	e->tls_failed = true;
	snprintf(e->reason, sizeof(e->reason), "%s", reason);
	loop_stop(e->ends->loop);
}

static void on_drained(void *context)
{
	struct end *e = context;

	e->drained++;
	if (e->on_drained)
		e->on_drained(e);
	loop_stop(e->ends->loop);
}

static void on_ended(void *context, enum connection_end how, const char *reason)
{
	struct end *e = context;

	e->ended = true;
	e->how = how;
	snprintf(e->reason, sizeof(e->reason), "%s", reason);
	loop_stop(e->ends->loop);
}

const struct connection_events ends_events = { on_connected,  on_data,	  on_tls_up,
					       on_tls_failed, on_drained, on_ended };

static void on_accepted(void *context, int fd, const struct net_address *from)
{
	struct ends *t = context;

	assert_false(from->v6);
	assert_null(t->b.c);
	t->b.c = connection_accepted(t->loop, fd, &ends_events, &t->b);
	assert_non_null(t->b.c);
	assert_int_equal(connection_peer(t->b.c)->port, from->port);
	loop_stop(t->loop);
}

static const struct listener_events listening = { .accepted = on_accepted };

static void on_deadline(void *context)
{
	struct ends *t = context;

	t->late = true;
	loop_stop(t->loop);
}

static void init_end(struct ends *t, struct end *e)
{
	memset(e, 0, sizeof(*e));
	e->ends = t;
	buf_init(&e->in, (size_t)64 << 20);
}

void ends_init(struct ends *t)
{
	struct net_address at;
	char error[LISTENER_ERROR_SIZE];

	memset(t, 0, sizeof(*t));
	init_end(t, &t->a);
	init_end(t, &t->b);
	t->loop = loop_new();
	assert_non_null(t->loop);
	assert_true(net_address_parse("127.0.0.1", 0, &at));
	t->fd = listener_open(&at, error);
	assert_true(t->fd >= 0);
	t->listener = listener_new(t->loop, t->fd, &listening, t);
	t->deadline = loop_timer_new(t->loop, on_deadline, t);
	assert_non_null(t->listener);
	assert_non_null(t->deadline);
	loop_timer_set(t->deadline, DEADLINE_MS);
}

static void stop_soon(void *context)
{
	loop_stop(context);
}

void ends_empty_turn(struct ends *t)
{
	struct loop_task task;

	loop_task_init(&task, stop_soon, t->loop);
	loop_task_queue(t->loop, &task);
	ends_turn(t);
}

void ends_until_closed(struct ends *t)
{
	while (connection_closing_count(t->loop))
		ends_empty_turn(t);
}

void ends_fini(struct ends *t)
{
	if (t->a.c)
		connection_close(t->a.c, GRACE_MS);
	if (t->b.c)
		connection_close(t->b.c, GRACE_MS);
	ends_until_closed(t);
	loop_timer_free(t->deadline);
	listener_free(t->listener);
	close(t->fd);
	loop_free(t->loop);
	buf_fini(&t->a.in);
	buf_fini(&t->b.in);
}

void ends_join(struct ends *t)
{
	struct net_address at;

	assert_true(listener_address(t->fd, &at));
	t->a.c = connection_dial(t->loop, &at, &ends_events, &t->a);
	assert_non_null(t->a.c);
	ENDS_UNTIL(t, t->a.connected && t->b.c);
}

void ends_turn(struct ends *t)
{
	loop_run(t->loop);
	assert_false(t->late);
}

int ends_dial_raw(struct ends *t)
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(getsockname(t->fd, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, len), 0);
	ENDS_UNTIL(t, t->b.c);
	return fd;
}

unsigned ends_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 3; /* ., .., and the directory itself */
}
