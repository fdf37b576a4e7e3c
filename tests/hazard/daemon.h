/*
 * daemon: a real fedgated in a scratch directory, for tests of what it survives.
 *
 * One per test program. The program's own loopback network is 127.A.B.0/24: fedgated listens on .1, port 5269, and for
 * components on .1, port 5347; scripted partners are on .2 and above, a name server on .53, port 5353. Its domains are us.test
 * and nocert.test (with a component's entrance; the second without a certificate) and bare.test (with nothing inside). The certificates are in the directory: us.test, bare.test, one for each domain that
 * pki_make is asked for. A failure of any of these functions ends the program, with the daemon's log printed.
 */
#ifndef TESTS_DAEMON_H
#define TESTS_DAEMON_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/types.h>

#include "../net/pki.h"

#define DAEMON_SECRET "sixteen bytes and more"

struct daemon {
	struct pki pki;
	pid_t pid; /* 0 = not running */
	int workers;
	long log_seen; /* how far daemon_log has read */
	char dir[64], log[80], config[80], socket[80];
	char net[16];		  /* "127.A.B" */
	const char *more_domains; /* lines for section domains; NULL = none */
	const char *dns;	  /* of section dns, but for servers; NULL = timeout: 2s */
	int dns_port;		  /* of a name server on 127.0.0.1; 0 = on .53, port 5353 */
};

/* Makes the directory and certificates. */
void daemon_init(struct daemon *d);
/* Starts it and waits until it is ready. SETTINGS: lines for section gateway, indented by two; PARTNERS: those of section
 * partners. $NET in either is replaced. */
void daemon_start(struct daemon *d, const char *settings, const char *partners);
/* The same, where it must not start: gives its exit status. */
int daemon_refuses(struct daemon *d, const char *settings, const char *partners);
/* Another configuration, for the next start or reload. */
void daemon_configure(struct daemon *d, const char *settings, const char *partners);
/* A file of the directory, anew. */
void daemon_file(const struct daemon *d, const char *name, const char *text);
/* Gives the exit status once it has ended, by itself. */
int daemon_wait(struct daemon *d);
/* SIGTERM; gives the exit status once it has ended. */
int daemon_stop(struct daemon *d);
void daemon_fini(struct daemon *d);

/* Waits for a line of the log that was not seen yet and matches the extended regular expression; gives it, borrowed. */
const char *daemon_log(struct daemon *d, const char *regex);
/* Whether a line that was not seen yet matches; does not wait. */
bool daemon_logged(struct daemon *d, const char *regex);
/* All that was logged up to now counts as seen. */
void daemon_log_skip(struct daemon *d);
/* Kilobytes resident; open descriptors; CPU milliseconds used. */
long daemon_memory(const struct daemon *d);
/* Under a sanitizer or valgrind: figures of time and memory are theirs. */
bool daemon_is_instrumented(void);
/* Is it more than MOST kilobytes larger than SINCE? Never where it is instrumented. */
bool daemon_grew(const struct daemon *d, long since, long most);
int daemon_descriptors(const struct daemon *d);
long daemon_cpu_ms(const struct daemon *d);
/* "127.A.B.LAST:PORT" as the socket library wants it. */
struct sockaddr_in daemon_address(const struct daemon *d, int last, int port);

/* Ends the test program: prints why, and the daemon's log. */
void daemon_die(const char *what, const char *which) __attribute__((noreturn));

#endif
