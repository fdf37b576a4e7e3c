#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "connection_int.h"

#define RECORD_MAX ((size_t)16 << 10) /* what one TLS record holds [RFC8446 5.1] */
#define LITTLE 4096		      /* who sent no more has probably sent all of it */
#define COMPACT_AT ((size_t)64 << 10)

enum io { IO_DONE, IO_AGAIN, IO_EOF, IO_LOST };

/* ---- one read, one write ---- */

static enum io socket_failed(struct connection *c)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return IO_AGAIN;
	snprintf(c->room->reason, sizeof(c->room->reason), "%s", strerror(errno));
	return IO_LOST;
}

/* WANTS_OTHER: set where a read waits for writing, or a write for reading. */
static enum io tls_outcome(struct connection *c, bool reading, bool *wants_other)
{
	int error = SSL_get_error(c->ssl, 0), number = errno;

	*wants_other = error == (reading ? SSL_ERROR_WANT_WRITE : SSL_ERROR_WANT_READ);
	switch (error) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return IO_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return IO_EOF;
	case SSL_ERROR_SYSCALL:
		snprintf(c->room->reason, sizeof(c->room->reason), "%s",
			 number ? strerror(number) : "connection ended");
		return IO_LOST;
	default: /* OpenSSL's numbers */
		tls_error(c->room->reason, sizeof(c->room->reason));
		return IO_LOST;
	}
}

static enum io read_some(struct connection *c, char *to, size_t size, size_t *got)
{
	bool wants_write = false;
	enum io io = IO_DONE;
	ssize_t n;

	if (c->ssl) {
		ERR_clear_error();
		errno = 0;
		if (SSL_read_ex(c->ssl, to, size, got) <= 0)
			io = tls_outcome(c, true, &wants_write);
		c->read_wants_write = wants_write;
		return io;
	}
	do
		n = recv(c->fd, to, size, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return socket_failed(c);
	*got = (size_t)n;
	return n ? IO_DONE : IO_EOF;
}

static enum io write_some(struct connection *c, const char *from, size_t len, size_t *gone)
{
	bool wants_read = false;
	enum io io = IO_DONE;
	ssize_t n;

	if (c->ssl) {
		ERR_clear_error();
		errno = 0;
		if (SSL_write_ex(c->ssl, from, len < RECORD_MAX ? len : RECORD_MAX, gone) <= 0)
			io = tls_outcome(c, false, &wants_read);
		c->write_wants_read = wants_read;
		return io;
	}
	do
		n = send(c->fd, from, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return socket_failed(c);
	*gone = (size_t)n;
	return IO_DONE;
}

/* ---- input ---- */

/* Fills the loop's buffer as far as the peer has sent; IO_DONE: there may be more. */
static enum io fill(struct connection *c, size_t *len)
{
	struct connections *room = c->room;
	enum io io = IO_DONE;
	size_t n;

	*len = 0;
	while (io == IO_DONE && *len < sizeof(room->input)) {
		size_t space = sizeof(room->input) - *len;
		n = 0;
		io = read_some(c, room->input + *len, space, &n);
		*len += n;
		if (io == IO_DONE &&
		    (c->ssl ? *len < LITTLE && !SSL_has_pending(c->ssl) : n < space))
			return IO_AGAIN; /* an event comes for the rest */
	}
	if (c->tls_peer.renegotiation) {
		snprintf(room->reason, sizeof(room->reason), "the peer asked for renegotiation");
		return IO_LOST;
	}
	return io;
}

void connection_input(struct connection *c)
{
	enum connection_phase phase = c->phase;
	size_t len;
	enum io io = fill(c, &len);

	if (len) {
		c->last_input = loop_now(c->room->loop);
		c->events->data(c->context, c->room->input, len);
		if (c->dead || c->lost || c->closing || c->phase != phase)
			return; /* the end, if it was seen, will be seen again */
	}
	switch (io) {
	case IO_DONE:
		/* in clear, an event comes for what the kernel has */
		if (c->ssl && !c->paused && SSL_has_pending(c->ssl))
			loop_task_queue(c->room->loop, &c->go_on);
		break;
	case IO_AGAIN:
		break;
	case IO_EOF:
		if (!c->paused)
			connection_ended(c, CONNECTION_EOF,
					 c->ssl && !c->tls_peer.close_notify
						 ? "ended without close_notify"
						 : "ended by the peer");
		break;
	case IO_LOST:
		connection_ended(c, CONNECTION_LOST, c->room->reason);
		break;
	}
}

/* Past TLS: nobody reads it. A socket that is closed with input left would take back what was written. */
void connection_discard(struct connection *c)
{
	ssize_t n;

	do
		n = recv(c->fd, c->room->input, sizeof(c->room->input), 0);
	while (n < 0 && errno == EINTR);
	if (n > 0 || (n < 0 && errno == EAGAIN))
		return;
	connection_ended(c, n ? CONNECTION_LOST : CONNECTION_EOF, "");
}

/* ---- output ---- */

static void add_output(struct connection *c, const void *data, size_t len)
{
	struct connections *room = c->room;

	if (!c->out.data && room->spare.data) {
		c->out = room->spare;
		buf_init(&room->spare, CONNECTION_OUTPUT_MAX);
	}
	buf_add(&c->out, data, len);
}

/* An idle connection keeps no buffer: the next one to write takes it. */
void connection_output_free(struct connection *c)
{
	struct connections *room = c->room;

	c->out_start = 0;
	if (!room->spare.data && c->out.size <= CONNECTION_SPARE_MAX) {
		buf_clear(&c->out);
		room->spare = c->out;
		buf_init(&c->out, CONNECTION_OUTPUT_MAX);
	}
	buf_fini(&c->out);
}

void connection_write(struct connection *c, const void *data, size_t len)
{
	if (c->lost || c->dead || !len)
		return;
	add_output(c, data, len);
	if (connection_waiting(c) > CONNECTION_HIGH)
		c->full = true;
	if (!c->write_blocked && c->phase != CONNECTION_DIALLING &&
	    c->phase != CONNECTION_HANDSHAKE)
		loop_task_queue(c->room->loop, &c->turn_end);
}

size_t connection_waiting(const struct connection *c)
{
	return c->out.len - c->out_start;
}

bool connection_is_full(const struct connection *c)
{
	return c->full;
}

static void written(struct connection *c, size_t len)
{
	c->out_start += len;
	c->last_output = loop_now(c->room->loop);
	if (c->phase == CONNECTION_TLS_ASKED)
		c->clear_left -= len;
	if (c->out_start == c->out.len) {
		connection_output_free(c);
	} else if (c->out_start >= COMPACT_AT && c->out_start >= c->out.len / 2) {
		buf_shift(&c->out, c->out_start);
		c->out_start = 0;
	}
}

/* How much may leave now. */
static size_t due(const struct connection *c)
{
	return c->phase == CONNECTION_TLS_ASKED ? c->clear_left : connection_waiting(c);
}

bool connection_output(struct connection *c)
{
	enum io io = IO_DONE;
	size_t n = 0;

	if (buf_failed(&c->out)) {
		connection_ended(c, CONNECTION_LOST, "too much waits to be written");
		return false;
	}
	while (io == IO_DONE && due(c)) {
		io = write_some(c, c->out.data + c->out_start, due(c), &n);
		if (io == IO_DONE)
			written(c, n);
	}
	c->write_blocked = io == IO_AGAIN;
	if (io == IO_EOF || io == IO_LOST) {
		connection_ended(c, CONNECTION_LOST, io == IO_EOF ? "ended" : c->room->reason);
		return false;
	}
	if (c->full && connection_waiting(c) < CONNECTION_LOW) {
		c->full = false;
		if (c->events->drained && !c->closing)
			c->events->drained(c->context);
	}
	return !c->dead && !c->lost;
}

/* True when close_notify has left, or never will. */
static bool say_goodbye(struct connection *c)
{
	if (!c->ssl)
		return true;
	ERR_clear_error();
	if (SSL_shutdown(c->ssl) >= 0 || SSL_get_error(c->ssl, -1) != SSL_ERROR_WANT_WRITE)
		return true;
	c->write_blocked = true;
	return false;
}

void connection_shut_output(struct connection *c)
{
	if (!say_goodbye(c))
		return;
	c->output_shut = true;
	if (c->input_ended || shutdown(c->fd, SHUT_WR) < 0)
		connection_bury(c);
}
