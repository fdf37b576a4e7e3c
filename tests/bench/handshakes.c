/*
 * handshakes: how many mutual TLS 1.3 handshakes the library accepts in a second of CPU time: the limit for everything that
 * authenticates by certificates.
 *
 * Two processes that do nothing else, 16 connections at a time. usage: handshakes CERTIFICATE,KEY,AUTHORITY COUNT CPU CPU: the
 * accepting side runs on the first of them, the other on the second.
 */
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cost.h"
#include "line.h"

#define AT_ONCE 16
#define WARM 100

struct side {
	SSL_CTX *tls;
	int epoll;
	int listener; /* -1: this one dials */
	struct sockaddr_in to;
	int left;  /* to be begun */
	int count; /* to be done */
};

static void pin(const char *cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(atoi(cpu), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		cost_fail("sched_setaffinity");
}

static struct line *new_line(void)
{
	struct line *l = calloc(1, sizeof(*l));

	if (!l)
		cost_fail("no memory");
	return l;
}

static void dial(struct side *s)
{
	struct line *l;

	if (s->left-- <= 0)
		return;
	l = new_line();
	line_dial(l, s->epoll, &s->to, l);
	line_start_tls(l, s->tls, "gate.test");
	line_handshake(l);
}

static void accept_all(struct side *s)
{
	int fd;

	while ((fd = accept(s->listener, NULL, NULL)) >= 0) {
		struct line *l = new_line();
		line_init(l, s->epoll, fd, l);
		line_start_tls(l, s->tls, NULL);
	}
}

/* Done with the handshake: the accepting side ends it, the other waits for that, so that no certificate goes unread. */
static void go_on(struct side *s, struct line *l)
{
	char byte;

	if (l->handshaking && !line_handshake(l)) {
		if (l->lost)
			cost_fail("a handshake failed");
		return;
	}
	if (s->listener < 0) {
		(void)line_read(l, &byte, 1);
		if (!l->lost)
			return;
	} else {
		SSL_shutdown(l->ssl);
		line_flush(l);
	}
	line_fini(l);
	free(l);
	s->count--;
	if (s->listener < 0)
		dial(s);
}

static void run(struct side *s, int count)
{
	struct epoll_event events[2 * AT_ONCE];
	int n, i;

	s->count = s->left = count;
	for (i = 0; s->listener < 0 && i < AT_ONCE; i++)
		dial(s);
	while (s->count > 0) {
		n = epoll_wait(s->epoll, events, 2 * AT_ONCE, -1);
		for (i = 0; i < n; i++) {
			if (events[i].data.ptr)
				go_on(s, events[i].data.ptr);
			else
				accept_all(s);
		}
	}
}

static double cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void listen_here(struct side *s)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL };
	socklen_t len = sizeof(s->to);

	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	s->to.sin_family = AF_INET;
	s->to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(s->listener, (struct sockaddr *)&s->to, sizeof(s->to)) ||
	    listen(s->listener, 64) || getsockname(s->listener, (struct sockaddr *)&s->to, &len))
		cost_fail("listen");
	s->epoll = epoll_create1(0);
	epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->listener, &e);
}

static void be_dialler(struct side *s, int count, const char *on)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pin(on);
	close(s->listener);
	s->listener = -1;
	s->epoll = epoll_create1(0);
	run(s, WARM);
	run(s, count);
	_exit(0);
}

int main(int argc, char **argv)
{
	struct side s = { 0 };
	char *certificate, *key;
	int count;
	double start;
	pid_t child;

	if (argc != 5)
		return 2;
	count = atoi(argv[2]);
	certificate = strtok(argv[1], ",");
	key = strtok(NULL, ",");
	s.tls = line_tls(certificate, key, strtok(NULL, ","));
	SSL_CTX_set_min_proto_version(s.tls, TLS1_3_VERSION);
	listen_here(&s);
	child = fork();
	if (!child)
		be_dialler(&s, count, argv[4]);
	pin(argv[3]);
	run(&s, WARM);
	start = cpu();
	run(&s, count);
	printf("per-cpu-second %.0f\n", count / (cpu() - start));
	waitpid(child, NULL, 0);
	return 0;
}
