#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "connection_int.h"

void connection_start_tls(struct connection *c, const struct connection_tls *how)
{
	c->tls = how->tls;
	c->hold = how->hold;
	c->release = how->release;
	c->accept = how->accept;
	c->wants = how->wants;
	c->direct = how->direct;
	c->local = how->local ? mem_strdup(how->local) : NULL;
	c->server_name = how->server_name ? mem_strdup(how->server_name) : NULL;
	c->phase = CONNECTION_TLS_ASKED;
	c->clear_left = connection_waiting(c);
	if (!c->write_blocked)
		loop_task_queue(c->room->loop, &c->turn_end);
	connection_update_watch(c);
}

static void failed(struct connection *c, const char *reason)
{
	c->lost = true;
	connection_update_watch(c);
	c->events->tls_failed(c->context, reason);
}

void connection_begin_handshake(struct connection *c)
{
	struct tls_start how = { .accept = c->accept,
				 .direct = c->direct,
				 .local = c->local,
				 .server_name = c->server_name,
				 .settings = c->wants };

	c->ssl = tls_connection(c->tls, &how, c->fd, &c->tls_peer);
	free(c->local);
	free(c->server_name);
	c->local = c->server_name = NULL;
	if (!c->ssl) {
		failed(c, "out of memory");
		return;
	}
	c->phase = CONNECTION_HANDSHAKE;
	if (c->accept)
		connection_update_watch(c); /* the peer speaks first */
	else
		connection_handshake(c);
}

static void up(struct connection *c)
{
	c->phase = CONNECTION_TLS;
	tls_watch_alerts(c->ssl);
	if (connection_waiting(c))
		loop_task_queue(c->room->loop, &c->turn_end);
	/* what came right behind the handshake was read with it */
	if (SSL_has_pending(c->ssl) && !c->paused)
		loop_task_queue(c->room->loop, &c->go_on);
	connection_update_watch(c);
	c->events->tls_up(c->context);
}

void connection_handshake(struct connection *c)
{
	int done, error, number;

	ERR_clear_error();
	errno = 0;
	done = SSL_do_handshake(c->ssl);
	number = errno;
	c->last_input = loop_now(c->room->loop);
	if (done == 1 && tls_chose_another_protocol(c->ssl)) {
		failed(c, "the peer chose a protocol that was not offered");
		return;
	}
	if (done == 1) {
		up(c);
		return;
	}
	error = SSL_get_error(c->ssl, done);
	c->handshake_wants_write = error == SSL_ERROR_WANT_WRITE;
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
		connection_update_watch(c);
		return;
	}
	if (error == SSL_ERROR_SSL)
		tls_error(c->room->reason, sizeof(c->room->reason));
	else
		snprintf(c->room->reason, sizeof(c->room->reason), "%s",
			 number ? strerror(number) : "the peer ended the connection");
	failed(c, c->room->reason);
}

/* ---- what is known of the peer ---- */

static bool is_up(const struct connection *c)
{
	return c->phase == CONNECTION_TLS;
}

const struct cert_facts *connection_certificate(struct connection *c, unsigned wants)
{
	return is_up(c) ? tls_judge(c->tls, c->ssl, wants, &c->tls_peer) : NULL;
}

void connection_dane_chain(const struct connection *c, unsigned wants, struct dane_chain *out)
{
	if (is_up(c))
		tls_dane_chain(c->tls, c->ssl, wants, out);
	else
		out->count = 0;
}

void connection_judge_by(struct connection *c, const struct tls *tls, void *hold,
			 void (*release)(void *hold))
{
	void (*before)(void *hold) = c->release;
	void *held = c->hold;

	c->tls = tls;
	c->hold = hold;
	c->release = release;
	tls_peer_fini(&c->tls_peer);
	if (before)
		before(held);
}

bool connection_is_weak(const struct connection *c, unsigned wants)
{
	return is_up(c) && tls_is_weak(c->tls, c->ssl, wants);
}

bool connection_shows_server_only(const struct connection *c)
{
	X509 *x = is_up(c) ? SSL_get_certificate(c->ssl) : NULL;
	uint32_t usages = x ? X509_get_extended_key_usage(x) : UINT32_MAX;

	return !(usages & XKU_SSL_CLIENT); /* "any" does not satisfy those who look */
}

const char *connection_tls_version(const struct connection *c)
{
	return is_up(c) ? SSL_get_version(c->ssl) : "";
}

const char *connection_cipher(const struct connection *c)
{
	return is_up(c) ? SSL_get_cipher_name(c->ssl) : "";
}
