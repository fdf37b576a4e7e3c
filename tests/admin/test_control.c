/* control: the socket, who may use it, and what a client can cost. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "admin/control.h"
#include "base/mem.h"

#define GUARD_MS 30000 /* after which a test has failed */
#define SHORT_MS 150
#define NOBODY 65534

struct world {
	char directory[64];
	char path[108];
	struct loop *loop;
	struct loop_timer *guard;
	struct control *control;
	/* how requests are answered */
	bool hold;
	uint64_t held; /* id of the last one */
	size_t answer_len;
	/* what came */
	unsigned requests;
	size_t last_len;
	char last[64];
};

struct client {
	struct world *w;
	int fd;
	struct loop_watch *watch;
	bool flooding; /* writes without an end */
	char text[512];
	size_t len; /* of all that came; TEXT holds the beginning */
	bool ended;
};

static void late(void *context)
{
	(void)context;
	fail_msg("nothing happened for too long");
}

static void request(void *context, uint64_t client, const char *line, size_t len)
{
	struct world *w = context;
	char *text;

	w->requests++;
	w->last_len = len;
	snprintf(w->last, sizeof(w->last), "%s", line);
	w->held = client;
	if (w->hold) {
		loop_stop(w->loop);
		return;
	}
	text = mem_new(w->answer_len + 3);
	memset(text, 'a', w->answer_len);
	control_answer(w->control, client, w->answer_len ? text : "hello",
		       w->answer_len ? w->answer_len : 5);
	control_answer(w->control, client, "twice", 5);
	free(text);
}

static struct control *open_control(struct world *w, char error[CONTROL_ERROR_SIZE])
{
	struct control_options options = { w->path, 0, request, w };

	return control_new(w->loop, &options, error);
}

static void begin_world(struct world *w, uint64_t timeout_ms)
{
	struct control_options options = { w->path, timeout_ms, request, w };
	char error[CONTROL_ERROR_SIZE] = "";

	memset(w, 0, sizeof(*w));
	snprintf(w->directory, sizeof(w->directory), "/tmp/fedgate-test.XXXXXX");
	assert_non_null(mkdtemp(w->directory));
	assert_int_equal(chmod(w->directory, 0755), 0);
	snprintf(w->path, sizeof(w->path), "%s/control", w->directory);
	w->loop = loop_new();
	assert_non_null(w->loop);
	w->guard = loop_timer_new(w->loop, late, NULL);
	loop_timer_set(w->guard, GUARD_MS);
	w->control = control_new(w->loop, &options, error);
	assert_string_equal(error, "");
	assert_non_null(w->control);
}

static void end_world(struct world *w)
{
	control_free(w->control);
	loop_timer_free(w->guard);
	loop_free(w->loop);
	unlink(w->path);
	assert_int_equal(rmdir(w->directory), 0);
}

/* ---- clients, on the same loop ---- */

static int connect_to(const char *path)
{
	struct sockaddr_un at;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memset(&at, 0, sizeof(at));
	at.sun_family = AF_UNIX;
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		int saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static void client_read(struct client *c)
{
	char data[65536];
	ssize_t n = recv(c->fd, data, sizeof(data), 0);
	size_t room =
		sizeof(c->text) - 1 - (c->len < sizeof(c->text) ? c->len : sizeof(c->text) - 1);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		c->ended = true;
		loop_watch_set(c->watch, 0);
		loop_stop(c->w->loop);
		return;
	}
	memcpy(c->text + (sizeof(c->text) - 1 - room), data, (size_t)n < room ? (size_t)n : room);
	c->len += (size_t)n;
}

static void client_ready(void *context, unsigned what)
{
	static const char flood[16384] = { ' ' };
	struct client *c = context;

	if (what & LOOP_READ)
		client_read(c);
	if (!c->ended && c->flooding && what & LOOP_WRITE &&
	    send(c->fd, flood, sizeof(flood), MSG_NOSIGNAL) < 0 && errno != EAGAIN)
		loop_watch_set(c->watch, LOOP_READ);
}

static void begin_client(struct client *c, struct world *w)
{
	memset(c, 0, sizeof(*c));
	c->w = w;
	c->fd = connect_to(w->path);
	assert_true(c->fd >= 0);
	c->watch = loop_watch_new(w->loop, c->fd, client_ready, c);
	loop_watch_set(c->watch, LOOP_READ);
}

static void end_client(struct client *c)
{
	loop_watch_free(c->watch);
	close(c->fd);
}

static void say(struct client *c, const void *data, size_t len)
{
	assert_int_equal(send(c->fd, data, len, MSG_NOSIGNAL), len);
}

/* Until the daemon has closed it. */
static const char *wait_end(struct client *c)
{
	while (!c->ended)
		loop_run(c->w->loop);
	return c->text;
}

static const char *ask(struct world *w, const char *text, char out[512])
{
	struct client c;

	begin_client(&c, w);
	say(&c, text, strlen(text));
	snprintf(out, 512, "%s", wait_end(&c));
	end_client(&c);
	return out;
}

/* ---- requests ---- */

static void test_request(void **state)
{
	struct world w;
	char text[512];

	(void)state;
	begin_world(&w, 0);
	assert_string_equal(ask(&w, "one\n", text), "hello\n");
	assert_string_equal(w.last, "one");
	assert_int_equal(w.last_len, 3);
	/* a second request on the same connection is not looked at */
	assert_string_equal(ask(&w, "two\nthree\n", text), "hello\n");
	assert_string_equal(w.last, "two");
	assert_string_equal(ask(&w, "\n", text), "hello\n");
	assert_int_equal(w.last_len, 0);
	assert_int_equal(w.requests, 3);
	end_world(&w);
}

static void test_pieces(void **state)
{
	static const char line[] = "in pieces\n";
	struct world w;
	struct client c, other;
	size_t i;

	(void)state;
	begin_world(&w, 0);
	begin_client(&c, &w);
	for (i = 0; i < sizeof(line) - 1; i++) {
		say(&c, line + i, 1);
		/* a whole exchange of another client: the byte has been read before it ends */
		begin_client(&other, &w);
		if (i < sizeof(line) - 2) {
			say(&other, "x\n", 2);
			wait_end(&other);
		}
		end_client(&other);
	}
	assert_string_equal(wait_end(&c), "hello\n");
	assert_string_equal(w.last, "in pieces");
	end_client(&c);
	end_world(&w);
}

static void test_answer_later(void **state)
{
	struct world w;
	struct client c;
	uint64_t first;

	(void)state;
	begin_world(&w, 0);
	w.hold = true;
	begin_client(&c, &w);
	say(&c, "one\n", 4);
	loop_run(w.loop);
	first = w.held;
	end_client(&c); /* it does not wait for the answer */
	begin_client(&c, &w);
	say(&c, "two\n", 4);
	loop_run(w.loop);
	assert_int_not_equal(first, w.held);
	control_answer(w.control, first, "for nobody", 10);
	control_answer(w.control, 12345, "for nobody", 10);
	control_answer(w.control, w.held, "late", 4);
	assert_string_equal(wait_end(&c), "late\n");
	end_client(&c);
	control_answer(w.control, w.held, "too late", 8);
	end_world(&w);
}

static void test_large_answer(void **state)
{
	struct world w;
	struct client c;

	(void)state;
	begin_world(&w, 0);
	w.answer_len = 5000000;
	begin_client(&c, &w);
	say(&c, "all\n", 4);
	wait_end(&c);
	assert_int_equal(c.len, w.answer_len + 1);
	end_client(&c);
	end_world(&w);
}

/* ---- what is wrong ---- */

static void test_longest(void **state)
{
	struct world w;
	struct client c;
	char *line = mem_new(CONTROL_LINE_MAX + 2);

	(void)state;
	memset(line, 'x', CONTROL_LINE_MAX + 1);
	begin_world(&w, 0);
	line[CONTROL_LINE_MAX] = '\n';
	begin_client(&c, &w);
	say(&c, line, CONTROL_LINE_MAX + 1);
	assert_string_equal(wait_end(&c), "hello\n");
	assert_int_equal(w.last_len, CONTROL_LINE_MAX);
	end_client(&c);
	line[CONTROL_LINE_MAX] = 'x';
	line[CONTROL_LINE_MAX + 1] = '\n';
	begin_client(&c, &w);
	say(&c, line, CONTROL_LINE_MAX + 2);
	assert_string_equal(wait_end(&c), "{\"ok\": false, \"error\": \"the request is longer than "
					  "64 KiB\"}\n");
	end_client(&c);
	assert_int_equal(w.requests, 1);
	free(line);
	end_world(&w);
}

static void test_endless(void **state)
{
	struct world w;
	struct client c;

	(void)state;
	begin_world(&w, 0);
	begin_client(&c, &w);
	c.flooding = true;
	loop_watch_set(c.watch, LOOP_READ | LOOP_WRITE);
	assert_string_equal(wait_end(&c), "{\"ok\": false, \"error\": \"the request is longer than "
					  "64 KiB\"}\n");
	end_client(&c);
	assert_int_equal(w.requests, 0);
	end_world(&w);
}

static void test_no_newline(void **state)
{
	struct world w;
	struct client c;

	(void)state;
	begin_world(&w, 0);
	begin_client(&c, &w);
	say(&c, "half", 4);
	assert_int_equal(shutdown(c.fd, SHUT_WR), 0);
	assert_string_equal(wait_end(&c),
			    "{\"ok\": false, \"error\": \"the request does not end in "
			    "a newline\"}\n");
	end_client(&c);
	begin_client(&c, &w);
	assert_int_equal(shutdown(c.fd, SHUT_WR), 0);
	assert_string_equal(wait_end(&c), "");
	end_client(&c);
	assert_int_equal(w.requests, 0);
	end_world(&w);
}

static void test_slow(void **state)
{
	struct world w;
	struct client c;
	char text[512];

	(void)state;
	begin_world(&w, SHORT_MS);
	begin_client(&c, &w);
	say(&c, "{", 1);
	assert_string_equal(wait_end(&c),
			    "{\"ok\": false, \"error\": \"no whole request came in time\"}\n");
	end_client(&c);
	w.hold = true; /* the answer does not come */
	begin_client(&c, &w);
	say(&c, "x\n", 2);
	assert_string_equal(wait_end(&c),
			    "{\"ok\": false, \"error\": \"there was no answer in time\"}\n");
	end_client(&c);
	control_answer(w.control, w.held, "too late", 8);
	w.hold = false;
	assert_string_equal(ask(&w, "x\n", text), "hello\n");
	end_world(&w);
}

/* Whoever does not read its answer loses it. */
static void test_slow_reader(void **state)
{
	struct world w;
	struct client c, later;

	(void)state;
	begin_world(&w, SHORT_MS);
	w.answer_len = 20000000;
	begin_client(&c, &w);
	loop_watch_set(c.watch, 0);
	say(&c, "all\n", 4);
	begin_client(&later, &w); /* its time is over after the other's */
	wait_end(&later);
	end_client(&later);
	loop_watch_set(c.watch, LOOP_READ);
	wait_end(&c);
	assert_int_equal(w.requests, 1);
	assert_true(c.len > 0 && c.len < w.answer_len);
	end_client(&c);
	end_world(&w);
}

static void test_too_many(void **state)
{
	struct world w;
	struct client clients[CONTROL_CLIENTS_MAX];
	char text[512];
	int i, round;

	(void)state;
	begin_world(&w, 0);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < CONTROL_CLIENTS_MAX; i++)
			begin_client(&clients[i], &w);
		assert_string_equal(
			ask(&w, "x\n", text),
			"{\"ok\": false, \"error\": \"too many ask at the same time\"}\n");
		for (i = 0; i < CONTROL_CLIENTS_MAX; i++) { /* the others are served all the same */
			say(&clients[i], "y\n", 2);
			assert_string_equal(wait_end(&clients[i]), "hello\n");
			end_client(&clients[i]);
		}
		assert_string_equal(ask(&w, "x\n", text), "hello\n");
	}
	assert_int_equal(w.requests, 2 * (CONTROL_CLIENTS_MAX + 1));
	end_world(&w);
}

/* Clients that are in the middle of something when the daemon ends. */
static void test_freed(void **state)
{
	struct world w;
	struct client idle, half, held;

	(void)state;
	begin_world(&w, 0);
	w.hold = true;
	begin_client(&idle, &w);
	begin_client(&half, &w);
	say(&half, "ha", 2);
	begin_client(&held, &w);
	say(&held, "x\n", 2);
	loop_run(w.loop);
	control_free(w.control);
	w.control = NULL;
	assert_int_equal(access(w.path, F_OK), -1);
	wait_end(&idle);
	wait_end(&half);
	wait_end(&held);
	end_client(&idle);
	end_client(&half);
	end_client(&held);
	end_world(&w);
}

/* ---- the file ---- */

static void test_file(void **state)
{
	struct world w;
	struct stat st;
	char error[CONTROL_ERROR_SIZE], text[512];
	int fd;

	(void)state;
	begin_world(&w, 0);
	assert_int_equal(stat(w.path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0660);
	/* a daemon that listens keeps it */
	assert_null(open_control(&w, error));
	assert_non_null(strstr(error, "/control: somebody listens there already"));
	assert_string_equal(ask(&w, "x\n", text), "hello\n");
	/* what took its place is not ours to remove */
	assert_int_equal(unlink(w.path), 0);
	fd = open(w.path, O_CREAT | O_EXCL | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	control_free(w.control);
	assert_int_equal(access(w.path, F_OK), 0);
	w.control = open_control(&w, error);
	assert_null(w.control);
	assert_non_null(strstr(error, "/control: it exists and is no socket"));
	assert_int_equal(access(w.path, F_OK), 0);
	end_world(&w);
}

static void test_stale(void **state)
{
	struct world w;
	struct sockaddr_un at;
	char error[CONTROL_ERROR_SIZE], text[512];
	int fd;

	(void)state;
	begin_world(&w, 0);
	control_free(w.control);
	memset(&at, 0, sizeof(at));
	at.sun_family = AF_UNIX;
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", w.path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	close(fd);
	w.control = open_control(&w, error);
	assert_non_null(w.control);
	assert_string_equal(ask(&w, "x\n", text), "hello\n");
	end_world(&w);
}

static void test_directory(void **state)
{
	struct world w;
	struct stat st;
	char error[CONTROL_ERROR_SIZE], directory[100], kept[108];
	mode_t mask;

	(void)state;
	begin_world(&w, 0);
	control_free(w.control);
	snprintf(kept, sizeof(kept), "%s", w.path);
	snprintf(directory, sizeof(directory), "%s/run", w.directory);
	snprintf(w.path, sizeof(w.path), "%.60s/run/deep/control", w.directory);
	assert_null(open_control(&w, error)); /* two of them are missing */
	assert_non_null(strstr(error, "No such file or directory"));
	snprintf(w.path, sizeof(w.path), "%.60s/run/control", w.directory);
	mask = umask(077);
	w.control = open_control(&w, error);
	umask(mask);
	assert_non_null(w.control);
	assert_int_equal(stat(directory, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	control_free(w.control);
	assert_int_equal(rmdir(directory), 0);
	snprintf(w.path, sizeof(w.path), "%s", kept);
	w.control = NULL;
	end_world(&w);
}

static void test_long_path(void **state)
{
	struct world w;
	char error[CONTROL_ERROR_SIZE], path[200];
	struct control_options options = { path, 0, request, &w };

	(void)state;
	begin_world(&w, 0);
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[108] = '\0';
	assert_null(control_new(w.loop, &options, error));
	assert_non_null(strstr(error, "the path is too long for a socket"));
	path[0] = '\0';
	assert_null(control_new(w.loop, &options, error));
	end_world(&w);
}

/* ---- who may ask ---- */

struct child {
	gid_t gid;
	gid_t groups[1];
	size_t group_count;
};

/* What another user reads, or the error of its connect. */
static void as_child(const struct child *who, const char *path, int out)
{
	char text[512] = "";
	ssize_t n = -1;
	int fd;

	if (setgroups(who->group_count, who->groups) || setgid(who->gid) || setuid(NOBODY))
		_exit(1);
	fd = connect_to(path);
	if (fd < 0) {
		n = snprintf(text, sizeof(text), "%s", strerror(errno));
	} else if (fcntl(fd, F_SETFL, 0) == 0) {
		(void)!send(fd, "x\n", 2, MSG_NOSIGNAL);
		n = recv(fd, text, sizeof(text), MSG_WAITALL);
		n = n < 0 ? (ssize_t)strlen(text) : n;
	}
	(void)!write(out, text, n > 0 ? (size_t)n : 0);
	_exit(0);
}

static const char *ask_as(struct world *w, const struct child *who, char out[512])
{
	struct client c;
	int fds[2], status;
	pid_t pid;

	memset(&c, 0, sizeof(c));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		as_child(who, w->path, fds[1]);
	close(fds[1]);
	c.w = w;
	c.fd = fds[0];
	c.watch = loop_watch_new(w->loop, c.fd, client_ready, &c);
	loop_watch_set(c.watch, LOOP_READ);
	snprintf(out, 512, "%s", wait_end(&c));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	end_client(&c);
	return out;
}

static void test_who(void **state)
{
	static const struct child stranger = { NOBODY, { 0 }, 0 };
	static const struct child by_gid = { 0, { 0 }, 0 };
	static const struct child by_groups = { NOBODY, { 0 }, 1 };
	struct world w;
	struct stat st;
	char text[512];

	(void)state;
	if (geteuid() != 0)
		return; /* not skip(): cmocka prints that as a failure in TAP */
	begin_world(&w, 0);
	assert_int_equal(stat(w.path, &st), 0);
	assert_int_equal(st.st_gid, 0);
	assert_string_equal(ask_as(&w, &stranger, text), "Permission denied");
	assert_string_equal(ask_as(&w, &by_gid, text), "hello\n");
	assert_string_equal(ask_as(&w, &by_groups, text), "hello\n");
	/* opened to everybody by mistake: still not for everybody */
	assert_int_equal(chmod(w.path, 0666), 0);
	assert_string_equal(ask_as(&w, &stranger, text),
			    "{\"ok\": false, \"error\": \"user 65534 may not ask\"}\n");
	assert_string_equal(ask_as(&w, &by_groups, text), "hello\n");
	assert_int_equal(w.requests, 3);
	end_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),	     cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_answer_later), cmocka_unit_test(test_large_answer),
		cmocka_unit_test(test_longest),	     cmocka_unit_test(test_endless),
		cmocka_unit_test(test_no_newline),   cmocka_unit_test(test_slow),
		cmocka_unit_test(test_slow_reader),  cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_freed),	     cmocka_unit_test(test_file),
		cmocka_unit_test(test_stale),	     cmocka_unit_test(test_directory),
		cmocka_unit_test(test_long_path),    cmocka_unit_test(test_who),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
