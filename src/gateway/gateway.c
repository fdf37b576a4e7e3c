#include "gateway/gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "gateway_int.h"

#define WORKERS_MAX 256
#define OWN_MAX 256   /* addresses of ourselves that are known */
#define HURRY_MS 1000 /* after the time for draining: to send what is left to say */

const struct config *gateway_config(const struct gateway *g)
{
	return g->snapshot->config;
}

unsigned gateway_workers(const struct gateway *g)
{
	return g->worker_count;
}

void gateway_log(struct gateway *g, const struct log_line *line)
{
	if ((int)line->level > atomic_load_explicit(&g->log_level, memory_order_relaxed))
		return;
	if (g->options.journal)
		log_write_journal(line, g->options.log_fd);
	else
		log_write(line, g->options.log_fd);
}

struct keeper *gateway_keeper(const struct gateway *g)
{
	return g->keeper;
}

bool gateway_certificate(const struct gateway *g, const char *domain, size_t index,
			 struct cert_leaf *leaf, char names[CERT_NAMES_TEXT])
{
	return tls_identity(g->snapshot->tls, domain, index, leaf, names);
}

bool gateway_last(struct gateway *g, const char *remote, enum negotiation_role role,
		  struct attempt *out)
{
	return history_last(g->history, remote, role, out);
}

/* ---- sockets ---- */

static int open_socket(const struct config_address *at, const char *what, int *fd,
		       struct net_address *bound, char error[GATEWAY_ERROR_SIZE])
{
	char reason[LISTENER_ERROR_SIZE] = "";
	struct net_address address;

	if (!net_address_parse(at->host, at->port, &address)) {
		snprintf(error, GATEWAY_ERROR_SIZE, "%s: %s is no address", what, at->host);
		return -FAIL_CONFIG;
	}
	*fd = listener_open(&address, reason);
	if (*fd < 0) {
		snprintf(error, GATEWAY_ERROR_SIZE, "%s: %s", what, reason);
		return -FAIL_IO;
	}
	if (!listener_address(*fd, bound))
		*bound = address;
	return 0;
}

static int *new_fds(size_t count)
{
	int *fds = mem_new((count + 1) * sizeof(*fds));
	size_t i;

	for (i = 0; i < count; i++)
		fds[i] = -1;
	return fds;
}

static void add_own(struct gateway *g, const struct net_address *bound)
{
	g->own_count += listener_reached_at(bound, g->own + g->own_count, OWN_MAX - g->own_count);
}

/* Where the outside comes in. */
static int open_outside(struct gateway *g, const struct config_addresses *at, const char *what,
			int *fds, char error[GATEWAY_ERROR_SIZE])
{
	struct net_address bound;
	size_t i;
	int rc = 0;

	for (i = 0; i < at->count && !rc; i++) {
		rc = open_socket(&at->items[i], what, &fds[i], &bound, error);
		if (!rc)
			add_own(g, &bound);
	}
	return rc;
}

static int open_sockets(struct gateway *g, char error[GATEWAY_ERROR_SIZE])
{
	const struct config *c = g->snapshot->config;
	const struct config_addresses *listen = &c->gateway.listen,
				      *direct = &c->gateway.listen_direct_tls;
	struct net_address bound;
	char what[100];
	size_t i;
	int rc;

	g->listen_fds = new_fds(listen->count);
	g->direct_fds = new_fds(direct->count);
	g->inside_fds = new_fds(c->inside_count);
	g->listen_count = listen->count;
	g->direct_count = direct->count;
	g->inside_count = c->inside_count;
	g->own = mem_new(OWN_MAX * sizeof(*g->own));
	rc = open_outside(g, listen, "listen", g->listen_fds, error);
	if (!rc)
		rc = open_outside(g, direct, "listen-direct-tls", g->direct_fds, error);
	for (i = 0; i < c->inside_count && !rc; i++) {
		snprintf(what, sizeof(what), "inside %.60s", c->inside[i].base.name);
		rc = open_socket(&c->inside[i].listen, what, &g->inside_fds[i], &bound, error);
		if (!rc)
			add_own(g, &bound);
	}
	return rc;
}

static void close_fds(int *fds, size_t count)
{
	size_t i;

	for (i = 0; fds && i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(fds);
}

/* ---- life ---- */

static void post_all(struct gateway *g, enum message_type type)
{
	unsigned i;

	for (i = 0; i < g->worker_count; i++)
		worker_post(&g->workers[i], message_new(type));
}

/* The outside has ended everywhere, so nothing more comes for the inside: what was on its way is already there. */
static void on_drained(struct gateway *g)
{
	if (++g->drained < g->worker_count)
		return;
	loop_timer_stop(g->deadline);
	post_all(g, MESSAGE_STOP);
}

static void on_stopped(struct gateway *g)
{
	if (++g->stopped == g->worker_count)
		g->options.drained(g->options.context);
}

static void on_message(void *context, struct mail *mail)
{
	struct gateway *g = context;
	struct message *m = (struct message *)mail;

	switch (m->type) {
	case MESSAGE_RELOAD:
		reload_taken(g);
		break;
	case MESSAGE_REPORT:
		report_collected(g, m);
		break;
	case MESSAGE_LEARNT:
	case MESSAGE_ATTEMPT:
		remember_message(g, m);
		break;
	case MESSAGE_DRAINED:
		on_drained(g);
		break;
	case MESSAGE_STOPPED:
		on_stopped(g);
		break;
	case MESSAGE_OUT:
	case MESSAGE_IN:
	case MESSAGE_ASK:
	case MESSAGE_ANSWER:
	case MESSAGE_RESUME:
	case MESSAGE_PACE:
	case MESSAGE_MEMORY:
	case MESSAGE_DRAIN:
	case MESSAGE_HURRY:
	case MESSAGE_STOP:
		break; /* a worker's */
	}
	message_free(m);
}

static void on_deadline(void *context)
{
	struct gateway *g = context;

	post_all(g, MESSAGE_HURRY);
}

void gateway_drain(struct gateway *g, uint64_t grace_ms)
{
	if (g->draining) {
		post_all(g, MESSAGE_HURRY);
		return;
	}
	g->draining = true;
	post_all(g, MESSAGE_DRAIN);
	loop_timer_set(g->deadline, grace_ms > HURRY_MS ? grace_ms - HURRY_MS : 0);
}

static int start_workers(struct gateway *g, char error[GATEWAY_ERROR_SIZE])
{
	const struct config_gateway *settings = &g->snapshot->config->gateway;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned i, count = settings->workers;
	int rc = 0;

	if (!count)
		count = cores < 1 ? 1 : (unsigned)cores;
	if (count > WORKERS_MAX)
		count = WORKERS_MAX;
	g->workers = mem_new(count * sizeof(*g->workers));
	g->worker_count = count;
	rc = reload_number_domains(g, g->snapshot, error);
	for (i = 0; i < count && !rc; i++)
		rc = worker_init(&g->workers[i], g, i, error);
	return rc;
}

static void free_gateway(struct gateway *g, bool keep_config)
{
	unsigned i;

	for (i = 0; i < g->worker_count; i++)
		worker_fini(&g->workers[i]);
	/* only when no other worker can post any more */
	for (i = 0; i < g->worker_count; i++)
		worker_free_loop(&g->workers[i]);
	free(g->workers);
	g->over = true;
	mailbox_free(g->mailbox);
	reports_free(g);
	loop_timer_free(g->deadline);
	close_fds(g->listen_fds, g->listen_count);
	close_fds(g->direct_fds, g->direct_count);
	close_fds(g->inside_fds, g->inside_count);
	free(g->own);
	while (g->seat_count)
		free(g->seats[--g->seat_count]);
	free(g->seats);
	keeper_free(g->keeper);
	history_free(g->history);
	limits_free(g->limits);
	if (keep_config)
		g->snapshot->config = NULL;
	snapshot_put(g->snapshot);
	free(g);
}

struct gateway *gateway_new(struct loop *main_loop, const struct gateway_options *options,
			    char error[GATEWAY_ERROR_SIZE])
{
	struct gateway *g = mem_new(sizeof(*g));
	struct config *config = options->config;

	g->main_loop = main_loop;
	g->options = *options;
	g->snapshot = reload_snapshot(options, error);
	if (!g->snapshot) {
		free(g);
		return NULL;
	}
	g->started_at = loop_now(main_loop);
	g->limits = limits_new(config->gateway.connection_limit,
			       config->gateway.source_connection_limit);
	g->history = history_new();
	g->seat_room = config->domain_count + SEATS_SPARE;
	g->seats = mem_new(g->seat_room * sizeof(*g->seats));
	atomic_init(&g->log_level, (int)config->gateway.log_level);
	g->mailbox = mailbox_new(main_loop, on_message, g);
	g->deadline = loop_timer_new(main_loop, on_deadline, g);
	snprintf(error, GATEWAY_ERROR_SIZE, "memory or descriptors ran out");
	if (!g->mailbox || !g->deadline || open_sockets(g, error) || start_workers(g, error) ||
	    remember_init(g, error)) {
		free_gateway(g, true);
		return NULL;
	}
	return g;
}

int gateway_start(struct gateway *g)
{
	unsigned i;
	int rc = 0;

	for (i = 0; i < g->worker_count && !rc; i++)
		rc = worker_start(&g->workers[i]);
	return rc;
}

void gateway_free(struct gateway *g)
{
	free_gateway(g, false);
}
