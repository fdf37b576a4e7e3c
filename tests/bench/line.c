#include "line.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cost.h"

static void count_record(int write_p, int version, int type, const void *data, size_t len, SSL *ssl,
			 void *line)
{
	(void)version;
	(void)ssl;
	/* TLS 1.3 says only inside what a record is */
	if (!write_p && type == SSL3_RT_INNER_CONTENT_TYPE && len &&
	    *(const unsigned char *)data == SSL3_RT_APPLICATION_DATA)
		((struct line *)line)->records++;
}

SSL_CTX *line_tls(const char *certificate, const char *key, const char *authority)
{
	SSL_CTX *c = SSL_CTX_new(TLS_method());

	if (!c || SSL_CTX_use_certificate_chain_file(c, certificate) != 1 ||
	    SSL_CTX_use_PrivateKey_file(c, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_load_verify_file(c, authority) != 1)
		cost_fail("certificates cannot be read");
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	/* a server that accepts us shows a certificate for servers, and one that dials need not have another */
	SSL_CTX_set_purpose(c, X509_PURPOSE_SSL_SERVER);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(c, 0);
	SSL_CTX_set_read_ahead(c, 1);
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
	return c;
}

static void watch(struct line *l, int operation)
{
	struct epoll_event e = {
		.events = EPOLLIN | (l->waits_to_write ? EPOLLOUT : 0U),
		.data.ptr = l->owner,
	};

	if (epoll_ctl(l->epoll, operation, l->fd, &e))
		cost_fail("epoll_ctl");
}

void line_init(struct line *l, int epoll, int fd, void *owner)
{
	static const int on = 1;

	memset(l, 0, sizeof(*l));
	l->fd = fd;
	l->epoll = epoll;
	l->owner = owner;
	l->out = BIO_new(BIO_s_mem());
	if (fcntl(fd, F_SETFL, O_NONBLOCK))
		cost_fail("fcntl");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	watch(l, EPOLL_CTL_ADD);
}

void line_dial(struct line *l, int epoll, const struct sockaddr_in *to, void *owner)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
	    (connect(fd, (const struct sockaddr *)to, sizeof(*to)) && errno != EINPROGRESS))
		cost_fail("connect");
	line_init(l, epoll, fd, owner);
}

void line_fini(struct line *l)
{
	SSL_free(l->ssl);
	BIO_free(l->out);
	close(l->fd);
}

void line_start_tls(struct line *l, SSL_CTX *context, const char *server_name)
{
	l->ssl = SSL_new(context);
	BIO_up_ref(l->out);
	SSL_set_bio(l->ssl, BIO_new_socket(l->fd, BIO_NOCLOSE), l->out);
	SSL_set_msg_callback(l->ssl, count_record);
	SSL_set_msg_callback_arg(l->ssl, l);
	if (server_name) {
		SSL_set_connect_state(l->ssl);
		SSL_set_tlsext_host_name(l->ssl, server_name);
	} else {
		SSL_set_accept_state(l->ssl);
	}
	l->handshaking = true;
}

bool line_handshake(struct line *l)
{
	int done;

	ERR_clear_error();
	done = SSL_do_handshake(l->ssl);
	line_flush(l);
	if (done != 1 && SSL_get_error(l->ssl, done) != SSL_ERROR_WANT_READ)
		l->lost = true;
	l->handshaking = done != 1;
	return done == 1;
}

void line_write(struct line *l, const char *data, size_t len)
{
	int n = l->ssl ? SSL_write(l->ssl, data, (int)len) : BIO_write(l->out, data, (int)len);

	if (n != (int)len)
		l->lost = true;
}

bool line_is_empty(const struct line *l)
{
	return !BIO_pending(l->out);
}

void line_flush(struct line *l)
{
	bool waited = l->waits_to_write;
	char *data;
	size_t len = (size_t)BIO_get_mem_data(l->out, &data);

	while (l->gone < len) {
		ssize_t n = send(l->fd, data + l->gone, len - l->gone, MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == ENOTCONN))
			break;
		if (n < 0) {
			l->lost = true;
			return;
		}
		l->gone += (size_t)n;
	}
	l->waits_to_write = l->gone < len;
	if (!l->waits_to_write) {
		(void)BIO_reset(l->out);
		l->gone = 0;
	}
	if (waited != l->waits_to_write)
		watch(l, EPOLL_CTL_MOD);
}

size_t line_read(struct line *l, char *to, size_t size)
{
	ssize_t n;

	if (!l->ssl) {
		n = recv(l->fd, to, size, 0);
		l->lost = !n || (n < 0 && errno != EAGAIN);
		return n > 0 ? (size_t)n : 0;
	}
	ERR_clear_error();
	n = SSL_read(l->ssl, to, (int)size);
	if (n > 0)
		return (size_t)n;
	l->lost = SSL_get_error(l->ssl, (int)n) != SSL_ERROR_WANT_READ;
	return 0;
}
