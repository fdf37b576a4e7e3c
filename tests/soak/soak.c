/*
 * soak: sends numbered stanzas between two fedgated and a Prosody, injects faults, and tells whether all came out right.
 *
 *   soak -f FOLDER -b PROGRAMS -n NET -k SECRET [-s SEED] [-c STANZAS] [-m MINUTES] [-r RATE] [-i FAULT-INTERVAL-MS]
 *
 * FOLDER has a.yml and b.yml. Rounds of STANZAS are sent until the minutes are over; one round where none are given. Prints
 * lines of TAP; ends with 1 where anything was lost, doubled or out of order.
 */
#include "soak.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "history.h"

#define START_MS 60000
#define QUIET_MS 5000	 /* nothing heard for so long: nothing comes any more */
#define SETTLE_MS 150000 /* all must be settled within */
#define OTHERS 8	 /* of a hundred stanzas so many are from or to Prosody */

struct soak soak;

struct run {
	const char *secret;
	uint32_t count;
	unsigned rate, interval_ms;
	uint64_t minutes, shown_ms, shown_heard, budget_us, last_us;
	struct server_figures before[2], after[2];
	unsigned rounds, number, failed;
};

/* ---- what all parts use ---- */

/* splitmix64: short, and the same everywhere */
uint32_t chance(uint32_t limit)
{
	uint64_t z = soak.random += 0x9e3779b97f4a7c15U;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
	z = (z ^ z >> 27) * 0x94d049bb133111ebU;
	return (uint32_t)((z ^ z >> 31) >> 32) % limit;
}

void watch_add(struct watch *w, int fd, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = w };

	w->fd = fd;
	w->events = events;
	if (epoll_ctl(soak.epoll, EPOLL_CTL_ADD, fd, &e))
		die("epoll_ctl");
}

void watch_set(struct watch *w, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = w };

	if (events != w->events && epoll_ctl(soak.epoll, EPOLL_CTL_MOD, w->fd, &e))
		die("epoll_ctl");
	w->events = events;
}

void watch_end(struct watch *w)
{
	close(w->fd);
	w->fd = -1;
}

void free_later(void *p)
{
	if (soak.garbage_count == sizeof(soak.garbage) / sizeof(*soak.garbage))
		die("too much to free");
	soak.garbage[soak.garbage_count++] = p;
}

void die(const char *what)
{
	printf("\nBail out! %s (errno: %s), seed %llu\n", what, strerror(errno),
	       (unsigned long long)soak.seed);
	servers_end();
	exit(1);
}

struct sockaddr_in soak_address(int last, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	char text[32];

	snprintf(text, sizeof(text), "%s.%d", soak.net, last);
	inet_pton(AF_INET, text, &a.sin_addr);
	return a;
}

int soak_socket(int type)
{
	static const int on = 1;
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return fd;
}

void soak_reset(int fd)
{
	static const struct linger at_once = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

int domain_find(const char *name, size_t len)
{
	int i;

	for (i = 0; i < soak.domain_count; i++)
		if (strlen(soak.domains[i].name) == len &&
		    !strncasecmp(soak.domains[i].name, name, len))
			return i;
	return -1;
}

/* ---- the loop ---- */

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Any two domains of different servers; Prosody is slow, and gets a share. */
static void send_one(void)
{
	uint32_t n = (uint32_t)soak.domain_count;
	bool others = chance(100) < OTHERS;
	int from, to;

	do {
		from = (int)chance(n);
		to = (int)chance(n);
	} while (soak.domains[from].server == soak.domains[to].server ||
		 others != (soak.domains[from].server == PROSODY ||
			    soak.domains[to].server == PROSODY));
	(void)mate_send(from, to);
}

static void send_some(struct run *r)
{
	uint64_t us = now_us(), cost = 1000000 / r->rate;

	r->budget_us += us - r->last_us;
	r->last_us = us;
	if (r->budget_us > 50000)
		r->budget_us = 50000;
	for (; r->budget_us >= cost && soak.sending && !history_is_full(); r->budget_us -= cost)
		send_one();
}

static void show_line(struct run *r, bool last)
{
	static bool terminal, asked;
	const struct history_counts *c = history_counts();
	uint64_t heard = c->delivered + c->bounced, ms = soak.now - r->shown_ms;

	if (!asked) {
		terminal = isatty(1);
		asked = true;
	}
	if (ms < (terminal ? 500 : 10000) && !last)
		return;
	printf("%s%6.1f s  sent %llu  delivered %llu  returned %llu  %6.0f/s  faults %u  streams "
	       "%u  "
	       "lost %llu  doubled %llu  both %llu  inversions %llu%s",
	       terminal ? "\r\033[K" : "# ", (double)soak.now / 1e3, (unsigned long long)c->sent,
	       (unsigned long long)c->delivered, (unsigned long long)c->bounced,
	       ms ? (double)(heard - r->shown_heard) * 1e3 / (double)ms : 0.0, faults_count(),
	       proxies_open(), (unsigned long long)c->lost,
	       (unsigned long long)(c->doubled + c->bounced_twice), (unsigned long long)c->both,
	       (unsigned long long)c->inversions, terminal && !last ? "" : "\n");
	fflush(stdout);
	r->shown_ms = soak.now;
	r->shown_heard = heard;
}

static void turn(struct run *r)
{
	static uint64_t begun;
	struct epoll_event events[256];
	size_t i;
	int n, k;

	if (!begun)
		begun = now_us();
	n = epoll_wait(soak.epoll, events, 256, 2);
	soak.now = (now_us() - begun) / 1000 + 1;
	for (k = 0; k < n; k++) {
		struct watch *w = events[k].data.ptr;
		if (w->fd >= 0)
			w->on(w, events[k].events);
	}
	servers_tick();
	mates_tick();
	proxies_tick();
	faults_tick();
	send_some(r);
	show_line(r, false);
	for (i = 0; i < soak.garbage_count; i++)
		free(soak.garbage[i]);
	soak.garbage_count = 0;
}

/* ---- the play ---- */

static void verdict(struct run *r, bool good, const char *what)
{
	r->failed += !good;
	printf("%s %u - %s\n", good ? "ok" : "not ok", ++r->number, what);
}

static void wait_for_all(struct run *r)
{
	uint64_t until = soak.now + START_MS;

	while (!servers_run() || !mates_are_attached()) {
		turn(r);
		if (soak.now > until)
			die("not all components could attach");
	}
}

/* Nothing is heard any more, and nothing waits in the gateways. */
static void settle(struct run *r)
{
	uint64_t until = soak.now + SETTLE_MS;

	soak.sending = false;
	faults_heal();
	wait_for_all(r);
	while (soak.now < until && history_open()) {
		uint64_t pause = soak.now + 1000;
		while (soak.now < pause)
			turn(r);
		if (history_quiet_ms() < QUIET_MS)
			continue;
		if (server_look(0, &r->after[0]) && server_look(1, &r->after[1]) &&
		    !r->after[0].queued && !r->after[1].queued)
			return;
	}
}

static void play_round(struct run *r)
{
	history_begin(r->count);
	wait_for_all(r);
	soak.sending = soak.faulty = true;
	faults_begin(r->interval_ms);
	r->last_us = now_us();
	while (!history_is_full())
		turn(r);
	settle(r);
	history_judge();
	r->rounds++;
	show_line(r, true);
}

static void judge_servers(struct run *r)
{
	char text[300];
	int i;

	for (i = 0; i < 2; i++) {
		struct server_figures *f = &r->after[i], *b = &r->before[i];
		if (!server_look(i, f))
			die("a fedgated does not answer");
		snprintf(text, sizeof(text), "fedgated %c: unaccounted %ld, queued %ld at the end",
			 'A' + i, f->unaccounted, f->queued);
		verdict(r, f->unaccounted == 0 && f->queued == 0, text);
		printf("# fedgated %c: %ld kB resident (%ld at first), %ld descriptors (%ld)\n",
		       'A' + i, f->resident_kb, b->resident_kb, f->descriptors, b->descriptors);
	}
}

static void judge(struct run *r)
{
	const struct history_counts *c = history_counts();
	char text[300];

	printf("# seed %llu, %u rounds, %.0f s; faults:\n", (unsigned long long)soak.seed,
	       r->rounds, (double)soak.now / 1e3);
	faults_print();
	printf("# %llu sent, %llu delivered, %llu returned, %llu errors and results dropped\n"
	       "# lost with what TCP cannot tell: %llu with connections that were cut, %llu with "
	       "links of "
	       "components, %llu with streams that a restart ended\n",
	       (unsigned long long)c->sent, (unsigned long long)c->delivered,
	       (unsigned long long)c->bounced, (unsigned long long)c->dropped,
	       (unsigned long long)c->excused[EXCUSE_CUT],
	       (unsigned long long)c->excused[EXCUSE_LINK],
	       (unsigned long long)c->excused[EXCUSE_RESTART]);
	snprintf(text, sizeof(text), "C1 %llu of %llu lost without a bounce",
		 (unsigned long long)c->lost, (unsigned long long)c->sent);
	verdict(r, !c->lost, text);
	snprintf(text, sizeof(text), "C1 %llu bounced and delivered, %llu bounced twice",
		 (unsigned long long)c->both, (unsigned long long)c->bounced_twice);
	verdict(r, !c->both && !c->bounced_twice, text);
	snprintf(text, sizeof(text), "C1 %llu doubled, %llu where they do not belong",
		 (unsigned long long)c->doubled, (unsigned long long)c->strays);
	verdict(r, !c->doubled && !c->strays, text);
	snprintf(text, sizeof(text), "C2 %llu out of order", (unsigned long long)c->inversions);
	verdict(r, !c->inversions, text);
	printf("# %llu of what Prosody sent came out of order\n",
	       (unsigned long long)c->peer_inversions);
	verdict(r, c->delivered * 2 > c->sent, "more than half was delivered");
	judge_servers(r);
	printf("1..%u\n", r->number);
}

/* ---- the command line ---- */

static void usage(void)
{
	fputs("usage: soak -f FOLDER -b PROGRAMS -n NET -k SECRET [-s SEED] [-c STANZAS] [-m "
	      "MINUTES] "
	      "[-r RATE] [-i MS]\n",
	      stderr);
	exit(2);
}

static void read_options(struct run *r, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "f:b:n:k:s:c:m:r:i:")) != -1) {
		if (c == 'f')
			soak.folder = optarg;
		else if (c == 'b')
			soak.programs = optarg;
		else if (c == 'n')
			snprintf(soak.net, sizeof(soak.net), "%s", optarg);
		else if (c == 'k')
			r->secret = optarg;
		else if (c == 's')
			soak.seed = strtoull(optarg, NULL, 10);
		else if (c == 'c')
			r->count = (uint32_t)strtoul(optarg, NULL, 10);
		else if (c == 'm')
			r->minutes = strtoull(optarg, NULL, 10);
		else if (c == 'r')
			r->rate = (unsigned)atoi(optarg);
		else if (c == 'i')
			r->interval_ms = (unsigned)atoi(optarg);
		else
			usage();
	}
	if (!soak.folder || !soak.programs || !soak.net[0] || !r->secret || !r->count || !r->rate)
		usage();
}

static void name_domains(void)
{
	static const char *const letters[SERVERS] = { "a", "b", "p" };
	static const int counts[SERVERS] = { 3, 3, 2 };
	int server, i;

	for (server = 0; server < SERVERS; server++)
		for (i = 1; i <= counts[server]; i++) {
			struct domain *d = &soak.domains[soak.domain_count++];
			snprintf(d->name, sizeof(d->name), "%s%d.test", letters[server], i);
			d->server = server;
		}
}

int main(int argc, char **argv)
{
	struct run r = { .count = 100000, .rate = 15000, .interval_ms = 500 };

	signal(SIGPIPE, SIG_IGN);
	read_options(&r, argc, argv);
	if (!soak.seed && getrandom(&soak.seed, 4, 0) != 4)
		die("no seed");
	soak.random = soak.seed;
	printf("# seed %llu\n", (unsigned long long)soak.seed);
	soak.epoll = epoll_create1(EPOLL_CLOEXEC);
	name_domains();
	zone_begin();
	proxies_begin();
	mates_begin(r.secret);
	servers_begin();
	turn(&r);
	wait_for_all(&r);
	(void)server_look(0, &r.before[0]);
	(void)server_look(1, &r.before[1]);
	do
		play_round(&r);
	while (soak.now < r.minutes * 60000 && history_is_good());
	judge(&r);
	servers_end();
	return r.failed != 0;
}
