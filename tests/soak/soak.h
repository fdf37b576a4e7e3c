/*
 * soak: two gateways and a Prosody, with faults between them, and the account of every stanza.
 *
 * One process and thread, one epoll. Knows no code of fedgate's. Its parts: mate (what sends and receives: components that
 * are attached to the servers), proxy (what stands between the servers, and hurts them), zone (the name server), servers
 * (the two fedgated), faults (what is done to whom, and when), history (what became of each stanza, and whether that may be).
 */
#ifndef SOAK_H
#define SOAK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#define DOMAINS_MAX 12
#define SERVERS 3 /* fedgate A, fedgate B, Prosody */
#define PROSODY 2 /* its index */

struct watch {
	int fd;
	uint32_t events; /* that are waited for */
	void (*on)(struct watch *w, uint32_t events);
	void *owner;
};

struct domain {
	char name[32];
	int server;
};

struct soak {
	int epoll;
	char net[16]; /* "127.A.B" */
	const char *folder, *programs;
	uint64_t seed, random;
	uint64_t now; /* milliseconds since the beginning */
	struct domain domains[DOMAINS_MAX];
	int domain_count;
	bool faulty; /* faults are injected now */
	bool sending;
	void *garbage[4096]; /* freed when nobody is inside it any more */
	size_t garbage_count;
};

extern struct soak soak;

/* ---- soak.c ---- */

/* Below LIMIT; the only source of chance there is. */
uint32_t chance(uint32_t limit);
void watch_add(struct watch *w, int fd, uint32_t events);
void watch_set(struct watch *w, uint32_t events);
/* Closes its descriptor, too. */
void watch_end(struct watch *w);
void free_later(void *p);
void die(const char *what) __attribute__((noreturn));
struct sockaddr_in soak_address(int last, int port);
int soak_socket(int type);
/* FD ends with RST when it is closed. */
void soak_reset(int fd);
int domain_find(const char *name, size_t len); /* -1 = none */

/* ---- mate.c: the components ---- */

enum { MATE_SECRET_MAX = 64 };
void mates_begin(const char *secret);
void mates_tick(void);
bool mates_are_attached(void);
/* One stanza, if that pair may send now. */
bool mate_send(int from, int to);
/* Closing tag first, and all that comes is read; or at once, whatever is on its way. */
void mate_leave(int domain, bool abruptly);
void mate_be_deaf(int domain, uint64_t until);
void mates_heal(void);

/* ---- proxy.c ---- */

void proxies_begin(void);
void proxies_tick(void);
void proxies_heal(void);
unsigned proxies_open(void);
enum proxy_fault {
	PROXY_FIN,
	PROXY_RST,
	PROXY_SILENCE,
	PROXY_SILENCE_FOR_GOOD,
	PROXY_HALF_CLOSE,
	PROXY_DELAY,
	PROXY_TINY
};
/* On a connection of chance; false where there is none. */
bool proxy_hurt(enum proxy_fault fault);
void proxy_refuse(int server, uint64_t until);

/* ---- zone.c: the name server ---- */

void zone_begin(void);
void zone_fail(bool silent, uint64_t until);

/* ---- servers.c ---- */

void servers_begin(void);
void servers_tick(void);
void servers_end(void);
void server_reload(int server);
void server_restart(int server);
bool servers_run(void);
bool server_is_restarting(int server);
struct server_figures {
	long unaccounted, queued;
	long resident_kb, descriptors;
};
bool server_look(int server, struct server_figures *f);

/* ---- faults.c ---- */

void faults_begin(unsigned mean_ms);
void faults_tick(void);
void faults_heal(void);
unsigned faults_count(void);
void faults_print(void);

#endif
