#include "admin/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "control_int.h"

#define READ_SIZE 16384
#define PAUSE_MS 200 /* without descriptors */

enum client_state {
	CLIENT_READING, /* its line is not whole yet */
	CLIENT_WAITING, /* its request is being answered */
	CLIENT_WRITING
};

struct client {
	struct control *control;
	struct client *next;
	uint64_t id;
	int fd;
	enum client_state state;
	struct loop_watch *watch;
	struct loop_timer *timer;
	struct buf in;
	struct buf out;
	size_t written; /* of out */
};

struct control {
	struct loop *loop;
	struct control_options options;
	char *path; /* owned */
	struct stat file;
	int fd;
	struct loop_watch *watch;
	struct loop_timer *pause;
	struct client *clients;
	unsigned count;
	uint64_t last_id;
};

static void client_free(struct client *c)
{
	struct client **at = &c->control->clients;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->control->count--;
	loop_watch_free(c->watch);
	loop_timer_free(c->timer);
	close(c->fd);
	buf_fini(&c->in);
	buf_fini(&c->out);
	free(c);
}

/* Queues the answer; it leaves from the loop. */
static void client_answer(struct client *c, const char *line, size_t len)
{
	buf_clear(&c->out);
	buf_add(&c->out, line, len);
	buf_addc(&c->out, '\n');
	if (buf_failed(&c->out)) {
		buf_clear(&c->out);
		buf_adds(&c->out,
			 "{\"ok\": false, \"error\": \"the answer does not fit in memory\"}\n");
	}
	c->state = CLIENT_WRITING;
	loop_watch_set(c->watch, LOOP_WRITE);
}

/* WHY is one of our own sentences: nothing in it needs escaping. */
static int refusal(char out[160], const char *why)
{
	return snprintf(out, 160, "{\"ok\": false, \"error\": \"%s\"}", why);
}

static void client_refuse(struct client *c, const char *why)
{
	char line[160];
	int len = refusal(line, why);

	client_answer(c, line, (size_t)len);
}

/* Of the kernel: data come before the end. */
static void client_end_of_input(struct client *c)
{
	if (c->in.len)
		client_refuse(c, "the request does not end in a newline");
	else
		client_free(c);
}

static void client_read(struct client *c)
{
	char data[READ_SIZE];
	const char *end;
	size_t len;
	ssize_t n = recv(c->fd, data, sizeof(data), 0);

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			client_free(c);
		return;
	}
	if (n == 0) {
		client_end_of_input(c);
		return;
	}
	end = memchr(data, '\n', (size_t)n);
	len = end ? (size_t)(end - data) : (size_t)n;
	buf_add(&c->in, data, len);
	if (buf_failed(&c->in)) {
		client_refuse(c, "the request is longer than 64 KiB");
		return;
	}
	if (!end)
		return;
	c->state = CLIENT_WAITING;
	loop_watch_set(c->watch, 0);
	c->control->options.request(c->control->options.context, c->id, buf_str(&c->in), c->in.len);
}

static void client_write(struct client *c)
{
	ssize_t n = send(c->fd, c->out.data + c->written, c->out.len - c->written, MSG_NOSIGNAL);

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			client_free(c);
		return;
	}
	c->written += (size_t)n;
	if (c->written == c->out.len)
		client_free(c);
}

static void client_ready(void *context, unsigned what)
{
	struct client *c = context;

	if (c->state == CLIENT_READING && what & LOOP_READ)
		client_read(c);
	else if (c->state == CLIENT_WRITING && what & LOOP_WRITE)
		client_write(c);
}

/* A last word to whoever reads it at once; the place is free in any case. */
static void say_at_once(int fd, const char *why)
{
	char line[162];
	int len = refusal(line, why);

	line[len++] = '\n';
	if (send(fd, line, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return; /* it does not read: nothing is lost */
}

static void client_late(void *context)
{
	struct client *c = context;

	if (c->state == CLIENT_READING)
		say_at_once(c->fd, "no whole request came in time");
	else if (c->state == CLIENT_WAITING)
		say_at_once(c->fd, "there was no answer in time");
	client_free(c);
}

static void client_new(struct control *control, int fd)
{
	struct client *c = mem_new(sizeof(*c));

	c->control = control;
	c->id = ++control->last_id;
	c->fd = fd;
	buf_init(&c->in, CONTROL_LINE_MAX);
	buf_init(&c->out, CONTROL_ANSWER_MAX);
	c->next = control->clients;
	control->clients = c;
	control->count++;
	c->watch = loop_watch_new(control->loop, fd, client_ready, c);
	c->timer = loop_timer_new(control->loop, client_late, c);
	if (!c->watch || !c->timer) {
		client_free(c);
		return;
	}
	loop_watch_set(c->watch, LOOP_READ);
	loop_timer_set(c->timer, control->options.timeout_ms);
}

static void take(struct control *c, int fd)
{
	uid_t uid;
	char why[80];

	if (!control_permits(fd, c->file.st_gid, &uid)) {
		snprintf(why, sizeof(why), "user %ld may not ask", (long)uid);
		say_at_once(fd, why);
		close(fd);
	} else if (c->count >= CONTROL_CLIENTS_MAX) {
		say_at_once(fd, "too many ask at the same time");
		close(fd);
	} else {
		client_new(c, fd);
	}
}

static void accept_one(void *context, unsigned what)
{
	struct control *c = context;
	int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)what;
	if (fd >= 0) {
		take(c, fd);
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		loop_watch_set(c->watch, 0);
		loop_timer_set(c->pause, PAUSE_MS);
	}
}

static void pause_over(void *context)
{
	struct control *c = context;

	loop_watch_set(c->watch, LOOP_READ);
}

struct control *control_new(struct loop *l, const struct control_options *options,
			    char error[CONTROL_ERROR_SIZE])
{
	struct control *c = mem_new(sizeof(*c));

	c->loop = l;
	c->options = *options;
	if (!c->options.timeout_ms)
		c->options.timeout_ms = CONTROL_TIMEOUT_MS;
	c->fd = control_open(options->path, &c->file, error);
	if (c->fd < 0) {
		free(c);
		return NULL;
	}
	c->path = mem_strdup(options->path);
	c->options.path = c->path;
	c->watch = loop_watch_new(l, c->fd, accept_one, c);
	c->pause = loop_timer_new(l, pause_over, c);
	if (!c->watch || !c->pause) {
		snprintf(error, CONTROL_ERROR_SIZE, "memory ran out");
		control_free(c);
		return NULL;
	}
	loop_watch_set(c->watch, LOOP_READ);
	return c;
}

void control_free(struct control *c)
{
	struct stat now;

	if (!c)
		return;
	while (c->clients)
		client_free(c->clients);
	loop_watch_free(c->watch);
	loop_timer_free(c->pause);
	if (!lstat(c->path, &now) && now.st_dev == c->file.st_dev && now.st_ino == c->file.st_ino)
		unlink(c->path);
	close(c->fd);
	free(c->path);
	free(c);
}

void control_answer(struct control *c, uint64_t client, const char *line, size_t len)
{
	struct client *at = c->clients;

	while (at && at->id != client)
		at = at->next;
	if (at && at->state == CLIENT_WAITING)
		client_answer(at, line, len);
}
