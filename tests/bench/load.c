/*
 * load: what a server that federates costs: negotiations, messages, idle streams, time.
 *
 * One process and thread that is every peer of the server under test: partners that connect to it, the authoritative server
 * that it asks about dialback keys and the one it sends to, and the component inside. Prints "name value" lines. Knows no code
 * of fedgate's. Measures, never judges; ends with 1 where nothing could be measured.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cost.h"
#include "peer.h"

#define DOMAINS 100 /* that ask by dialback */
#define FLIGHT 64   /* messages of one write */
#define PATIENCE 60 /* seconds for one measurement */

struct load {
	struct bench bench;
	struct cost cost;
	struct sockaddr_in inside, own;
	int listener;
	enum peer_method method;
	bool stop;
	/* negotiations */
	unsigned begun, done, count;
	unsigned accepted; /* by us: to ask about keys, to send */
	bool hold;	   /* they stay */
	double *took;
	/* messages */
	struct peer *component, *stream;
	bool arrived; /* a stream of the server's, ready, at the sink */
	bool outbound;
	unsigned to_send, came, batch, records;
	char flight[FLIGHT * PEER_MESSAGE];
};

static struct load *load_of(const struct peer *p)
{
	return p->bench->context;
}

/* ---- the loop ---- */

static void accept_all(struct load *l)
{
	int fd;

	while ((fd = accept(l->listener, NULL, NULL)) >= 0) {
		(void)peer_accept(&l->bench, fd);
		l->accepted++;
	}
}

/* Until somebody says stop, or for MS milliseconds. */
static void run(struct load *l, int ms)
{
	struct epoll_event events[256];
	double end = cost_now() + ms / 1e3;
	int n, i;

	l->stop = false;
	alarm(PATIENCE);
	while (!l->stop && (ms < 0 || cost_now() < end)) {
		n = epoll_wait(l->bench.epoll, events, 256, ms);
		for (i = 0; i < n; i++) {
			struct peer *p = events[i].data.ptr;
			if (!p) {
				accept_all(l);
				continue;
			}
			peer_event(p);
			if (p->over)
				peer_free(p);
		}
	}
	alarm(0);
}

static void on_ended(struct peer *p)
{
	errno = 0;
	if (p->kind != PEER_RECEIVING)
		cost_fail("the server closed a stream");
	p->over = true;
}

/* ---- negotiations ---- */

static void begin_one(struct load *l)
{
	if (l->begun < l->count)
		(void)peer_dial(&l->bench, l->method,
				l->method == PEER_SASL ? 0 : l->begun % DOMAINS);
	l->begun++;
}

static void on_negotiated(struct peer *p)
{
	struct load *l = load_of(p);

	if (p->kind != PEER_INITIATING)
		return;
	l->took[l->done++] = cost_now() - p->begun;
	p->over = !l->hold;
	if (l->done == l->count)
		l->stop = true;
	begin_one(l);
}

static void negotiate(struct load *l, unsigned count, unsigned concurrency)
{
	unsigned i;

	l->bench.ready = on_negotiated;
	l->took = calloc(count, sizeof(*l->took));
	l->begun = l->done = 0;
	l->count = count;
	for (i = 0; i < concurrency; i++)
		begin_one(l);
	run(l, -1);
	free(l->hold ? l->took : NULL);
}

static void command_negotiate(struct load *l, char **arguments)
{
	unsigned count = (unsigned)atoi(arguments[1]), concurrency = (unsigned)atoi(arguments[2]);
	double cpu, wall;

	l->method = !strcmp(arguments[0], "sasl")  ? PEER_SASL
		    : !strcmp(arguments[0], "tls") ? PEER_TLS
						   : PEER_TCP;
	negotiate(l, count < DOMAINS ? count : DOMAINS, concurrency); /* warm */
	cpu = cost_cpu(&l->cost);
	wall = cost_now();
	l->accepted = 0;
	negotiate(l, count, concurrency);
	wall = cost_now() - wall;
	run(l, 100); /* what is left to do for those that were closed */
	cpu = cost_cpu(&l->cost) - cpu;
	printf("connections-back %u\n", l->accepted);
	printf("per-cpu-second %.0f\nper-second %.0f\np50-ms %.2f\np99-ms %.2f\n", count / cpu,
	       count / wall, cost_quantile(l->took, count, 0.5) * 1e3,
	       cost_quantile(l->took, count, 0.99) * 1e3);
}

static void command_idle(struct load *l, char **arguments)
{
	long before;

	l->hold = true;
	l->method = PEER_SASL;
	negotiate(l, 1, 1); /* what a first stream makes it load is no stream's */
	before = cost_memory(&l->cost);
	unsigned have = 0;
	for (; *arguments; arguments++) {
		unsigned count = (unsigned)atoi(*arguments);
		negotiate(l, count - have, 16);
		have = count;
		run(l, 300);
		printf("bytes-per-stream-%u %.0f\n", count,
		       (double)(cost_memory(&l->cost) - before) / count);
	}
}

/* ---- messages ---- */

static void on_message_ready(struct peer *p)
{
	struct load *l = load_of(p);

	if (p->kind == PEER_RECEIVING)
		l->stream = p;
	l->stop = p->kind != PEER_RECEIVING;
}

static void compose(struct load *l, const char *from, const char *to)
{
	char one[PEER_MESSAGE + 1];
	unsigned i;

	peer_compose(one, from, to);
	for (i = 0; i < FLIGHT; i++)
		memcpy(l->flight + (size_t)i * PEER_MESSAGE, one, PEER_MESSAGE);
}

/* A flight, in records of BATCH messages, whenever the one before has left. */
static void send_on(struct peer *p)
{
	struct load *l = load_of(p);

	if (p != (l->outbound ? l->component : l->stream))
		return;
	while (l->to_send && line_is_empty(&p->line) && !p->line.lost) {
		unsigned left = l->to_send < FLIGHT ? l->to_send : FLIGHT, n;
		for (; left; left -= n, l->to_send -= n) {
			n = left < l->batch ? left : l->batch;
			line_write(&p->line, l->flight, (size_t)n * PEER_MESSAGE);
		}
		line_flush(&p->line);
	}
}

static void on_came(struct peer *p, unsigned count)
{
	struct load *l = load_of(p);

	if (p != (l->outbound ? l->stream : l->component))
		return;
	if (count >= l->came)
		l->stop = true;
	l->came -= count < l->came ? count : l->came;
}

/* From the first that is written to the last that came. */
static void flood(struct load *l, unsigned count)
{
	l->came = l->to_send = count;
	send_on(l->outbound ? l->component : l->stream);
	run(l, -1);
}

static void open_inbound(struct load *l)
{
	l->stream = peer_dial(&l->bench, PEER_SASL, 0);
	run(l, -1);
	compose(l, l->stream->domain, l->bench.domain);
	l->batch = 1;
	flood(l, 1);
}

static void report_messages(struct load *l, unsigned count, double cpu, double wall)
{
	printf("cpu-seconds-per-100000 %.3f\nper-second %.0f\n", cpu / count * 1e5, count / wall);
	if (l->outbound && l->records)
		printf("messages-per-record %.1f\n", (double)count / l->records);
}

static void measure_messages(struct load *l, unsigned count)
{
	double cpu, wall;
	unsigned records;

	flood(l, 2000);
	cpu = cost_cpu(&l->cost);
	wall = cost_now();
	records = l->stream->line.records;
	flood(l, count);
	wall = cost_now() - wall;
	l->records = l->stream->line.records - records;
	report_messages(l, count, cost_cpu(&l->cost) - cpu, wall);
}

static void command_inbound(struct load *l, char **arguments)
{
	open_inbound(l);
	l->batch = (unsigned)atoi(arguments[1]);
	measure_messages(l, (unsigned)atoi(arguments[0]));
}

static void command_outbound(struct load *l, char **arguments)
{
	char to[PEER_DOMAIN];

	snprintf(to, sizeof(to), "d0.%s.test", "sasl");
	l->outbound = true;
	l->batch = FLIGHT;
	compose(l, l->bench.domain, to);
	/* the stream comes with the first message */
	l->came = l->to_send = 1;
	send_on(l->component);
	run(l, -1);
	measure_messages(l, (unsigned)atoi(arguments[0]));
}

static void command_latency(struct load *l, char **arguments)
{
	unsigned count = (unsigned)atoi(arguments[0]), i;
	double *took = calloc(count, sizeof(*took));

	open_inbound(l);
	for (i = 0; i < count; i++) {
		run(l, 2);
		took[i] = cost_now();
		flood(l, 1);
		took[i] = cost_now() - took[i];
	}
	printf("p50-ms %.3f\np99-ms %.3f\n", cost_quantile(took, count, 0.5) * 1e3,
	       cost_quantile(took, count, 0.99) * 1e3);
	free(took);
}

/* ---- churn ---- */

/* Connections that say nothing, a header, or half of one, and go away. */
static void command_churn(struct load *l, char **arguments)
{
	static const char *const words[] = {
		"", "<?xml version='1.0'?><stream:st",
		"<?xml version='1.0'?><stream:stream xmlns='jabber:server' "
		"xmlns:stream='http://etherx.jabber.org/streams' "
		"from='d0.sasl.test' to='%s' version='1.0'>"
	};
	unsigned count = (unsigned)atoi(arguments[0]), i;
	char text[512], input[4096];

	for (i = 0; i < count; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		const char *word = words[i % 3];
		size_t len = (size_t)snprintf(text, sizeof(text), word, l->bench.domain);
		if (fd < 0 ||
		    connect(fd, (struct sockaddr *)&l->bench.server, sizeof(l->bench.server)))
			cost_fail("connect");
		if (len && send(fd, text, len, MSG_NOSIGNAL) != (ssize_t)len)
			cost_fail("send");
		/* wait for the answer, so that it was really a stream */
		if (i % 3 == 2 && recv(fd, input, sizeof(input), 0) < 0)
			cost_fail("recv");
		close(fd);
	}
	run(l, 500);
	printf("cycles %u\n", count);
}

static void command_cost(struct load *l, char **arguments)
{
	(void)arguments;
	printf("resident-kB %ld\nopen %u\n", cost_memory(&l->cost) / 1024, cost_open(&l->cost));
}

/* A domain that nobody is attached for is none to some. */
static void attach(struct load *l)
{
	l->bench.ready = on_message_ready;
	l->bench.messages = on_came;
	l->bench.writable = send_on;
	l->component = peer_component(&l->bench, &l->inside);
	run(l, -1);
}

/* ---- the command line ---- */

static const struct {
	const char *name;
	int arguments; /* at least */
	void (*run)(struct load *l, char **arguments);
} commands[] = {
	{ "negotiate", 3, command_negotiate }, /* sasl|tls|tcp COUNT CONCURRENCY */
	{ "idle", 1, command_idle },	       /* COUNT... */
	{ "inbound", 2, command_inbound },     /* COUNT MESSAGES-PER-RECORD */
	{ "outbound", 1, command_outbound },   /* COUNT */
	{ "latency", 1, command_latency },     /* COUNT */
	{ "churn", 1, command_churn },	       /* COUNT */
	{ "cost", 0, command_cost },
};

static struct sockaddr_in address(char *text)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	char *colon = strrchr(text, ':');

	if (!colon)
		cost_fail("an address is missing its port");
	*colon = '\0';
	a.sin_port = htons((uint16_t)atoi(colon + 1));
	if (inet_pton(AF_INET, text, &a.sin_addr) != 1)
		cost_fail("an address is wrong");
	return a;
}

static void listen_here(struct load *l)
{
	static const int on = 1;
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL };

	l->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(l->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(l->listener, (struct sockaddr *)&l->own, sizeof(l->own)) ||
	    listen(l->listener, 1024) || epoll_ctl(l->bench.epoll, EPOLL_CTL_ADD, l->listener, &e))
		cost_fail("cannot listen");
}

static void usage(void)
{
	fputs("usage: load -s SERVER:PORT -i INSIDE:PORT -l OWN:PORT -d DOMAIN -k SECRET -p PID... "
	      "-c CERTIFICATE,KEY,AUTHORITY COMMAND [argument]...\n",
	      stderr);
	exit(2);
}

static void read_certificates(struct load *l, char *names)
{
	char *certificate = strtok(names, ","), *key = strtok(NULL, ","),
	     *authority = strtok(NULL, ",");

	if (!authority)
		usage();
	l->bench.tls = line_tls(certificate, key, authority);
}

static void read_options(struct load *l, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "s:i:l:d:k:p:c:")) != -1) {
		if (c == 's')
			l->bench.server = address(optarg);
		else if (c == 'i')
			l->inside = address(optarg);
		else if (c == 'l')
			l->own = address(optarg);
		else if (c == 'd')
			l->bench.domain = optarg;
		else if (c == 'k')
			l->bench.secret = optarg;
		else if (c == 'p' && l->cost.count < COST_PROCESSES)
			l->cost.pids[l->cost.count++] = (pid_t)atoi(optarg);
		else if (c == 'c')
			read_certificates(l, optarg);
		else
			usage();
	}
}

int main(int argc, char **argv)
{
	struct rlimit files;
	struct load *l = calloc(1, sizeof(*l));
	unsigned i;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	l->bench.epoll = epoll_create1(EPOLL_CLOEXEC);
	l->bench.context = l;
	l->bench.ended = on_ended;
	read_options(l, argc, argv);
	if (optind == argc)
		usage();
	if (l->own.sin_port)
		listen_here(l);
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(argv[optind], commands[i].name))
			continue;
		if (argc - optind - 1 < commands[i].arguments)
			usage();
		if (l->inside.sin_port)
			attach(l);
		commands[i].run(l, argv + optind + 1);
		return fflush(stdout) ? 1 : 0;
	}
	usage();
}
