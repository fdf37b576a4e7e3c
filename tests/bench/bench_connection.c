/*
 * bench_connection: what TLS connections cost, against OpenSSL alone in the same run.
 *
 * Prints, for the accepting side's thread: CPU per mutual handshake, ours and OpenSSL's with blocking sockets and nothing
 * around it; CPU per 100,000 messages of 200 bytes in and out, one record each and gathered; memory per idle connection.
 * Measures, never judges.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../net/pki.h"
#include "net/connection.h"
#include "net/listener.h"

#define HANDSHAKES 2000
#define MESSAGES 100000
#define MESSAGE 200
#define ROUNDS 3
#define IDLE 1000

enum mode { HANDSHAKE, IN_SINGLE, IN_GATHERED, OUT, IDLING };

struct bench {
	struct pki pki;
	struct tls *tls;
	struct loop *loop;
	struct listener *listener;
	int fd;
	struct sockaddr_in at;
	enum mode mode;
	int wanted;
	int done;
	size_t bytes;
	struct loop_task stop;
	SSL_CTX *client;
};

static double thread_cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static SSL_CTX *bare_context(struct bench *b)
{
	SSL_CTX *context = SSL_CTX_new(TLS_method());

	SSL_CTX_use_certificate_chain_file(context, pki_path(&b->pki, "a.example", ".crt"));
	SSL_CTX_use_PrivateKey_file(context, pki_path(&b->pki, "a.example", ".key"),
				    SSL_FILETYPE_PEM);
	SSL_CTX_load_verify_locations(context, pki_path(&b->pki, "anchors", ".pem"), NULL);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(context, 0);
	return context;
}

/* ---- the other side ---- */

static SSL *join(struct bench *b)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	SSL *ssl = SSL_new(b->client);

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&b->at, sizeof(b->at)))
		abort();
	SSL_set_fd(ssl, fd);
	if (SSL_connect(ssl) != 1)
		abort();
	return ssl;
}

static void leave(SSL *ssl)
{
	int fd = SSL_get_fd(ssl);
	char byte;

	SSL_shutdown(ssl);
	shutdown(fd, SHUT_WR);
	while (read(fd, &byte, 1) > 0)
		;
	close(fd);
	SSL_free(ssl);
}

static void send_messages(SSL *ssl, int in_record)
{
	static char messages[80 * MESSAGE];
	int i;

	memset(messages, 'x', sizeof(messages));
	for (i = 0; i < MESSAGES; i += in_record)
		SSL_write(ssl, messages, in_record * MESSAGE);
}

static void receive(SSL *ssl)
{
	char part[16384];
	size_t left = (size_t)MESSAGES * MESSAGE;
	int n;

	SSL_write(ssl, "go", 2);
	while (left) {
		n = SSL_read(ssl, part, sizeof(part));
		if (n <= 0)
			abort();
		left -= (size_t)n;
	}
}

static void *other_side(void *context)
{
	struct bench *b = context;
	int i;
	SSL *ssl;

	switch (b->mode) {
	case HANDSHAKE:
		for (i = 0; i < b->wanted; i++)
			leave(join(b));
		break;
	case IN_SINGLE:
	case IN_GATHERED:
		ssl = join(b);
		send_messages(ssl, b->mode == IN_SINGLE ? 1 : 80);
		leave(ssl);
		break;
	case OUT:
		ssl = join(b);
		receive(ssl);
		leave(ssl);
		break;
	case IDLING:
		break;
	}
	return NULL;
}

/* ---- ours ---- */

static void stop(void *context)
{
	loop_stop(context);
}

static void finished(struct bench *b)
{
	if (++b->done == b->wanted)
		loop_stop(b->loop);
}

struct ours {
	struct bench *bench;
	struct connection *c;
	struct loop_task more;
	int left;
	enum mode mode;
};

static const char text[MESSAGE] = "x";

/* A turn's worth of messages, each written alone. */
static void write_messages(void *context)
{
	struct ours *o = context;
	int i;

	for (i = 0; i < 80 && o->left && !connection_is_full(o->c); i++, o->left--)
		connection_write(o->c, text, sizeof(text));
	if (o->left && !connection_is_full(o->c))
		loop_task_queue(o->bench->loop, &o->more);
}

static void on_data(void *context, const char *data, size_t len)
{
	struct ours *o = context;

	(void)data;
	o->bench->bytes += len;
	if (o->mode == OUT)
		write_messages(o);
}

static void on_tls_up(void *context)
{
	struct ours *o = context;

	if (o->mode == IDLING)
		finished(o->bench);
}

static void on_failed(void *context, const char *reason)
{
	(void)context;
	fprintf(stderr, "%s\n", reason);
	abort();
}

static void on_ended(void *context, enum connection_end end, const char *reason)
{
	struct ours *o = context;
	struct bench *b = o->bench;
	enum mode mode = o->mode;

	(void)end;
	(void)reason;
	loop_task_cancel(b->loop, &o->more);
	connection_close(o->c, 1000);
	free(o);
	if (mode != IDLING)
		finished(b);
}

static const struct connection_events events = { .data = on_data,
						 .tls_up = on_tls_up,
						 .tls_failed = on_failed,
						 .drained = write_messages,
						 .ended = on_ended };

static void on_accepted(void *context, int fd, const struct net_address *from)
{
	struct bench *b = context;
	struct ours *o = calloc(1, sizeof(*o));

	(void)from;
	if (!o)
		abort();
	o->bench = b;
	o->left = MESSAGES;
	o->mode = b->mode;
	loop_task_init(&o->more, write_messages, o);
	o->c = connection_accepted(b->loop, fd, &events, o);
	connection_start_tls(o->c, &(struct connection_tls){
					   .accept = true, .local = "a.example", .tls = b->tls });
}

static double run(struct bench *b, enum mode mode, int count)
{
	pthread_t thread;
	double cpu;

	b->mode = mode;
	b->wanted = count;
	b->done = 0;
	pthread_create(&thread, NULL, other_side, b);
	cpu = thread_cpu();
	loop_run(b->loop);
	while (connection_closing_count(b->loop)) {
		loop_task_queue(b->loop, &b->stop);
		loop_run(b->loop);
	}
	cpu = thread_cpu() - cpu;
	pthread_join(thread, NULL);
	return cpu;
}

/* ---- OpenSSL with nothing around it ---- */

static int listen_bare(struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	socklen_t len = sizeof(*at);

	*at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)at, len) || listen(fd, 64) ||
	    getsockname(fd, (struct sockaddr *)at, &len))
		abort();
	return fd;
}

static void serve_bare(SSL_CTX *context, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	SSL *ssl = SSL_new(context);
	char byte;

	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) != 1)
		abort();
	SSL_read(ssl, &byte, 1);
	SSL_shutdown(ssl);
	SSL_free(ssl);
	close(fd);
}

static double run_bare(struct bench *b)
{
	struct sockaddr_in ours = b->at;
	SSL_CTX *context = bare_context(b);
	pthread_t thread;
	double cpu;
	int fd = listen_bare(&b->at), i;

	b->mode = HANDSHAKE;
	b->wanted = HANDSHAKES;
	pthread_create(&thread, NULL, other_side, b);
	cpu = thread_cpu();
	for (i = 0; i < HANDSHAKES; i++)
		serve_bare(context, fd);
	cpu = thread_cpu() - cpu;
	pthread_join(thread, NULL);
	close(fd);
	b->at = ours;
	SSL_CTX_free(context);
	return cpu;
}

/* ---- memory ---- */

static long resident(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long all, pages = 0;

	if (!f || fscanf(f, "%ld %ld", &all, &pages) != 2)
		abort();
	fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* The other side is a process of its own, so as not to be counted. */
static void hold(struct bench *b, int until)
{
	char byte;
	int i;

	for (i = 0; i < IDLE; i++)
		(void)join(b);
	if (read(until, &byte, 1) < 0)
		_exit(1);
	_exit(0);
}

static void measure_idle(struct bench *b)
{
	long before = resident();
	int ends[2];
	pid_t pid;

	if (pipe(ends))
		abort();
	b->mode = IDLING;
	b->wanted = IDLE;
	b->done = 0;
	pid = fork();
	if (!pid) {
		close(ends[1]);
		hold(b, ends[0]);
	}
	loop_run(b->loop);
	printf("idle, authenticated: %.1f kB a connection\n", (double)(resident() - before) / IDLE);
	close(ends[0]);
	close(ends[1]);
	waitpid(pid, NULL, 0);
}

/* ---- */

static void set_up(struct bench *b)
{
	static const struct listener_events listening = { .accepted = on_accepted };
	char error[TLS_ERROR_SIZE];
	struct net_address at;

	memset(b, 0, sizeof(*b));
	pki_init(&b->pki);
	pki_make(&b->pki, &(struct pki_wish){ .name = "a.example" });
	b->tls = tls_new(pki_path(&b->pki, "anchors", ".pem"), TLS_VERSION_1_2, error);
	if (!b->tls || tls_add_identity(b->tls, "a.example", pki_path(&b->pki, "a.example", ".crt"),
					pki_path(&b->pki, "a.example", ".key"), error))
		abort();
	b->loop = loop_new();
	loop_task_init(&b->stop, stop, b->loop);
	net_address_parse("127.0.0.1", 0, &at);
	b->fd = listener_open(&at, error);
	b->listener = listener_new(b->loop, b->fd, &listening, b);
	if (!b->listener || !listener_address(b->fd, &at))
		abort();
	b->at = (struct sockaddr_in){ .sin_family = AF_INET,
				      .sin_port = htons(at.port),
				      .sin_addr = { htonl(INADDR_LOOPBACK) } };
	b->client = bare_context(b);
}

static void tear_down(struct bench *b)
{
	SSL_CTX_free(b->client);
	listener_free(b->listener);
	close(b->fd);
	loop_free(b->loop);
	tls_free(b->tls);
	pki_fini(&b->pki);
}

static void best(double *least, double now)
{
	if (*least == 0 || now < *least)
		*least = now;
}

int main(void)
{
	double bare = 0, ours = 0, single = 0, gathered = 0, out = 0;
	struct bench b;
	int i;

	signal(SIGPIPE, SIG_IGN);
	set_up(&b);
	measure_idle(&b);
	for (i = 0; i < ROUNDS; i++) {
		best(&bare, run_bare(&b));
		best(&ours, run(&b, HANDSHAKE, HANDSHAKES));
		best(&single, run(&b, IN_SINGLE, 1));
		best(&gathered, run(&b, IN_GATHERED, 1));
		best(&out, run(&b, OUT, 1));
	}
	printf("mutual handshake, accepting: OpenSSL %.0f us, ours %.0f us (%.0f %%)\n",
	       bare / HANDSHAKES * 1e6, ours / HANDSHAKES * 1e6, bare / ours * 100);
	printf("100,000 messages in, one a record: %.3f s; gathered: %.3f s; out: %.3f s\n", single,
	       gathered, out);
	tear_down(&b);
	return 0;
}
