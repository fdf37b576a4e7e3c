#include "net/connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address_int.h"
#include "connection_int.h"
#include "loop_int.h"

/* ---- what a loop's connections have in common ---- */

static void free_connection(struct connection *c)
{
	SSL_free(c->ssl);
	tls_peer_fini(&c->tls_peer);
	if (c->release)
		c->release(c->hold);
	buf_fini(&c->out);
	free(c->local);
	free(c->server_name);
	free(c);
}

static void reap(void *context)
{
	struct connections *room = context;

	while (room->dead) {
		struct connection *c = room->dead;
		room->dead = c->next;
		free_connection(c);
	}
}

static void free_room(void *context)
{
	struct connections *room = context;

	while (room->closing)
		connection_bury(room->closing);
	loop_task_cancel(room->loop, &room->reap);
	reap(room);
	buf_fini(&room->spare);
	free(room);
}

static struct connections *room_of(struct loop *l)
{
	struct connections *room = loop_connections(l);

	if (room)
		return room;
	room = calloc(1, sizeof(*room));
	if (!room)
		return NULL;
	room->loop = l;
	buf_init(&room->spare, CONNECTION_OUTPUT_MAX);
	loop_task_init(&room->reap, reap, room);
	loop_set_connections(l, room, free_room);
	return room;
}

unsigned connection_closing_count(const struct loop *l)
{
	const struct connections *room = loop_connections(l);

	return room ? room->closing_count : 0;
}

/* ---- events ---- */

/* What the descriptor is asked for follows from the state alone. */
void connection_update_watch(struct connection *c)
{
	bool reads = !c->paused || c->closing;
	unsigned what = 0;

	if (c->dead)
		return;
	if (c->lost) {
		loop_watch_set(c->watch, 0);
		return;
	}
	switch (c->phase) {
	case CONNECTION_DIALLING:
		what = c->connected || c->dial_error ? 0 : LOOP_WRITE;
		break;
	case CONNECTION_HANDSHAKE:
		what = c->handshake_wants_write ? LOOP_WRITE : LOOP_READ;
		break;
	case CONNECTION_CLEAR:
	case CONNECTION_TLS:
		if (reads && !c->input_ended)
			what |= c->read_wants_write ? LOOP_WRITE : LOOP_READ;
		break;
	case CONNECTION_TLS_ASKED:
		break;
	}
	if (c->write_blocked)
		what |= c->write_wants_read ? LOOP_READ : LOOP_WRITE;
	loop_watch_set(c->watch, what);
}

void connection_ended(struct connection *c, enum connection_end end, const char *reason)
{
	if (end == CONNECTION_EOF)
		c->input_ended = true;
	else
		c->lost = true;
	if (!c->closing) {
		connection_update_watch(c);
		c->events->ended(c->context, end, reason);
	} else if (c->lost || c->output_shut) {
		connection_bury(c);
	}
}

static void dialled(struct connection *c)
{
	int error = c->dial_error;
	socklen_t len = sizeof(error);

	if (!error && !c->connected && getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error) {
		connection_ended(c, CONNECTION_REFUSED, strerror(error));
		return;
	}
	c->phase = CONNECTION_CLEAR;
	connection_update_watch(c);
	if (c->out.len)
		loop_task_queue(c->room->loop, &c->turn_end);
	c->events->connected(c->context);
}

/* Writes what waits, and goes on with what waited for that. */
static void write_on(struct connection *c)
{
	if (!connection_output(c) || c->write_blocked)
		return;
	/* the owner may have been told that it drained, and have written more */
	if (c->phase == CONNECTION_TLS_ASKED && !c->clear_left)
		connection_begin_handshake(c);
	else if (c->closing && !c->output_shut && !connection_waiting(c))
		connection_shut_output(c);
}

static void at_turn_end(void *context)
{
	struct connection *c = context;

	if (c->lost)
		return;
	if (c->phase == CONNECTION_DIALLING) {
		if (c->connected || c->dial_error)
			dialled(c);
	} else if (!c->write_blocked && c->phase != CONNECTION_HANDSHAKE) {
		write_on(c);
		connection_update_watch(c);
	}
}

static void read_on(struct connection *c)
{
	if (c->closing)
		connection_discard(c);
	else if (!c->paused && !c->input_ended)
		connection_input(c);
}

static void on_go_on(void *context)
{
	struct connection *c = context;

	if (c->lost || (c->phase != CONNECTION_CLEAR && c->phase != CONNECTION_TLS))
		return;
	read_on(c);
	connection_update_watch(c);
}

static void on_event(void *context, unsigned what)
{
	struct connection *c = context;
	bool may_write =
		c->write_blocked && (what & (c->write_wants_read ? LOOP_READ : LOOP_WRITE));
	bool may_read = what & (c->read_wants_write ? LOOP_WRITE : LOOP_READ);

	switch (c->phase) {
	case CONNECTION_DIALLING:
		dialled(c);
		return;
	case CONNECTION_HANDSHAKE:
		connection_handshake(c);
		break;
	case CONNECTION_TLS_ASKED:
	case CONNECTION_CLEAR:
	case CONNECTION_TLS:
		if (may_write) {
			c->write_blocked = false;
			c->write_wants_read = false;
			write_on(c);
		}
		if (may_read && !c->dead && !c->lost &&
		    (c->phase == CONNECTION_CLEAR || c->phase == CONNECTION_TLS))
			read_on(c);
		break;
	}
	connection_update_watch(c);
}

/* ---- life ---- */

static struct connection *new_connection(struct loop *l, int fd,
					 const struct connection_events *events, void *context)
{
	struct connections *room = room_of(l);
	struct connection *c = room ? calloc(1, sizeof(*c)) : NULL;

	if (!c)
		return NULL;
	c->watch = loop_watch_new(l, fd, on_event, c);
	if (!c->watch) {
		free(c);
		return NULL;
	}
	c->room = room;
	c->fd = fd;
	c->events = events;
	c->context = context;
	c->last_input = loop_now(l);
	loop_task_init(&c->turn_end, at_turn_end, c);
	loop_task_init(&c->go_on, on_go_on, c);
	buf_init(&c->out, CONNECTION_OUTPUT_MAX);
	return c;
}

struct connection *connection_accepted(struct loop *l, int fd,
				       const struct connection_events *events, void *context)
{
	struct connection *c = new_connection(l, fd, events, context);
	union address_socket from = { .any.sa_family = AF_UNSPEC };
	socklen_t len = sizeof(from);

	if (!c) {
		close(fd);
		errno = ENOMEM;
		return NULL;
	}
	if (!getpeername(fd, &from.any, &len))
		address_from_socket(&from, &c->peer);
	c->phase = CONNECTION_CLEAR;
	connection_update_watch(c);
	return c;
}

struct connection *connection_dial(struct loop *l, const struct net_address *to,
				   const struct connection_events *events, void *context)
{
	static const int on = 1;
	union address_socket where;
	socklen_t len = address_to_socket(to, &where);
	int fd = socket(where.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct connection *c;

	if (fd < 0)
		return NULL;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c = new_connection(l, fd, events, context);
	if (!c) {
		close(fd);
		errno = ENOMEM;
		return NULL;
	}
	c->peer = *to;
	if (!connect(fd, &where.any, len))
		c->connected = true;
	else if (errno != EINPROGRESS && errno != EINTR)
		c->dial_error = errno;
	if (c->connected || c->dial_error)
		loop_task_queue(l, &c->turn_end);
	connection_update_watch(c);
	return c;
}

void connection_give(struct connection *c, const struct connection_events *events, void *context)
{
	c->events = events;
	c->context = context;
}

const struct net_address *connection_peer(const struct connection *c)
{
	return &c->peer;
}

uint64_t connection_last_input(const struct connection *c)
{
	return c->last_input;
}

size_t connection_unread(const struct connection *c)
{
	int len = 0;

	return !c->lost && !ioctl(c->fd, FIONREAD, &len) && len > 0 ? (size_t)len : 0;
}

uint64_t connection_last_output(const struct connection *c)
{
	return c->last_output;
}

void connection_pause(struct connection *c)
{
	c->paused = true;
	connection_update_watch(c);
}

void connection_resume(struct connection *c)
{
	if (!c->paused)
		return;
	c->paused = false;
	/* no event comes for what TLS has read already, its end among it */
	if (c->phase == CONNECTION_TLS && !c->lost && !c->input_ended)
		loop_task_queue(c->room->loop, &c->go_on);
	connection_update_watch(c);
}

void connection_bury(struct connection *c)
{
	struct connections *room = c->room;

	if (c->dead)
		return;
	c->dead = true;
	if (c->closing) {
		*c->link = c->next;
		if (c->next)
			c->next->link = c->link;
		room->closing_count--;
	}
	loop_task_cancel(room->loop, &c->turn_end);
	loop_task_cancel(room->loop, &c->go_on);
	loop_timer_free(c->grace);
	loop_watch_free(c->watch);
	close(c->fd);
	c->next = room->dead;
	room->dead = c;
	loop_task_queue(room->loop, &room->reap);
}

void connection_abort(struct connection *c)
{
	connection_bury(c);
}

static void on_grace_over(void *context)
{
	connection_bury(context);
}

void connection_close(struct connection *c, uint64_t grace_ms)
{
	struct connections *room = c->room;

	if (!c->lost && (c->phase == CONNECTION_CLEAR || c->phase == CONNECTION_TLS))
		c->grace = loop_timer_new(room->loop, on_grace_over, c);
	if (!c->grace) {
		connection_bury(c);
		return;
	}
	loop_timer_set(c->grace, room->closing_count < CONNECTION_CLOSING_MAX ? grace_ms : 0);
	c->closing = true;
	c->next = room->closing;
	c->link = &room->closing;
	if (c->next)
		c->next->link = &c->next;
	room->closing = c;
	room->closing_count++;
	loop_task_queue(room->loop, &c->turn_end);
	connection_update_watch(c);
}
