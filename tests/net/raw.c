#include "raw.h"

#include <netinet/in.h>
#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

void raw_init(struct raw *r)
{
	memset(r, 0, sizeof(*r));
	r->fd = r->listen_fd = -1;
	r->ca_names = -1;
	buf_init(&r->in, (size_t)64 << 20);
}

void raw_listen(struct raw *r, struct net_address *at)
{
	struct sockaddr_in where = { .sin_family = AF_INET,
				     .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(where);

	r->accept = true;
	r->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(r->listen_fd, (struct sockaddr *)&where, len), 0);
	assert_int_equal(listen(r->listen_fd, 1), 0);
	assert_int_equal(getsockname(r->listen_fd, (struct sockaddr *)&where, &len), 0);
	assert_true(net_address_parse("127.0.0.1", ntohs(where.sin_port), at));
}

static int on_certificate_wanted(SSL *ssl, void *context)
{
	const STACK_OF(X509_NAME) *names = SSL_get_client_CA_list(ssl);
	struct raw *r = context;

	if (!r->accept)
		r->ca_names = sk_X509_NAME_num(names) < 0 ? 0 : sk_X509_NAME_num(names);
	return 1;
}

static int take_any(int good, X509_STORE_CTX *verification)
{
	(void)good;
	(void)verification;
	return 1;
}

static bool set_up(struct raw *r)
{
	r->context = SSL_CTX_new(TLS_method());
	if (!r->context)
		return false;
	SSL_CTX_set_min_proto_version(r->context, r->min_version);
	SSL_CTX_set_max_proto_version(r->context, r->max_version);
	if (r->ciphers)
		SSL_CTX_set_cipher_list(r->context, r->ciphers);
	SSL_CTX_set_cert_cb(r->context, on_certificate_wanted, r);
	/* as a server it asks for a certificate; it takes whatever comes */
	SSL_CTX_set_verify(r->context, r->accept ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, take_any);
	if (r->chain)
		SSL_CTX_use_certificate_chain_file(r->context, r->chain);
	else if (r->certificate)
		SSL_CTX_use_certificate_file(r->context, r->certificate, SSL_FILETYPE_PEM);
	if (r->key)
		SSL_CTX_use_PrivateKey_file(r->context, r->key, SSL_FILETYPE_PEM);
	r->ssl = SSL_new(r->context);
	SSL_set_fd(r->ssl, r->fd);
	if (r->sni)
		SSL_set_tlsext_host_name(r->ssl, r->sni);
	if (r->session)
		SSL_set_session(r->ssl, r->session);
	return true;
}

static void see_peer(struct raw *r)
{
	X509 *x = SSL_get0_peer_certificate(r->ssl);

	if (x)
		X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, r->shown,
					  sizeof(r->shown));
}

static void *live(void *context)
{
	struct timeval limit = { .tv_sec = 20 };
	struct raw *r = context;

	if (r->listen_fd >= 0)
		r->fd = accept(r->listen_fd, NULL, NULL);
	setsockopt(r->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(r->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (r->before)
		r->before(r);
	if (!r->in_clear) {
		if (!set_up(r))
			return NULL;
		r->up = (r->accept ? SSL_accept(r->ssl) : SSL_connect(r->ssl)) == 1;
		r->reused = r->up && SSL_session_reused(r->ssl);
		if (r->up)
			see_peer(r);
	}
	if (r->talk && (r->up || r->in_clear))
		r->talk(r);
	ERR_clear_error();
	return NULL;
}

void raw_start(struct raw *r)
{
	assert_int_equal(pthread_create(&r->thread, NULL, live, r), 0);
}

void raw_join(struct raw *r)
{
	pthread_join(r->thread, NULL);
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

void raw_fini(struct raw *r)
{
	SSL_free(r->ssl);
	SSL_CTX_free(r->context);
	if (r->listen_fd >= 0)
		close(r->listen_fd);
	buf_fini(&r->in);
}

bool raw_read(struct raw *r, size_t len)
{
	char part[16384];
	ssize_t n;

	while (r->in.len < len) {
		n = r->ssl ? SSL_read(r->ssl, part, sizeof(part))
			   : recv(r->fd, part, sizeof(part), 0);
		if (n <= 0)
			return r->ssl ? SSL_get_error(r->ssl, (int)n) == SSL_ERROR_ZERO_RETURN
				      : n == 0;
		buf_add(&r->in, part, (size_t)n);
	}
	return true;
}

bool raw_write(struct raw *r, const void *data, size_t len)
{
	const char *from = data;
	ssize_t n;

	while (len) {
		n = r->ssl ? SSL_write(r->ssl, from, len < 16384 ? (int)len : 16384)
			   : send(r->fd, from, len, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		from += n;
		len -= (size_t)n;
	}
	return true;
}

void raw_shut(struct raw *r)
{
	if (r->ssl)
		SSL_shutdown(r->ssl);
	shutdown(r->fd, SHUT_WR);
}
