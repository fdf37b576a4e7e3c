/* From a configuration to what workers go by, at the start and later. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "gateway_int.h"

struct snapshot *reload_snapshot(const struct gateway_options *options,
				 char error[GATEWAY_ERROR_SIZE])
{
	struct snapshot_secrets secrets = {
		.secret = options->secret,
		.secret_len = options->secret_len,
		.previous = options->previous,
		.previous_len = options->previous_len,
		.inside = options->inside_secrets,
	};

	return snapshot_new(options->config, &secrets, error);
}

static size_t find_seat(const struct gateway *g, const char *name)
{
	size_t i;

	for (i = 0; i < g->seat_count; i++)
		if (!strcmp(g->seats[i]->name, name))
			break;
	return i;
}

static struct worker *choose_home(struct gateway *g, const struct config *c, size_t domain)
{
	const struct config_inside *inside = c->domains[domain].inside;

	return inside ? worker_of_inside(g, (size_t)(inside - c->inside))
		      : &g->workers[domain % g->worker_count];
}

/* Every local domain gets its number: the one it has always had, or a new one. */
int reload_number_domains(struct gateway *g, struct snapshot *s, char error[GATEWAY_ERROR_SIZE])
{
	const struct config *c = s->config;
	size_t i;

	s->numbers = mem_new((c->domain_count + 1) * sizeof(*s->numbers));
	for (i = 0; i < c->domain_count; i++) {
		size_t number = find_seat(g, c->domains[i].base.name);
		if (number == g->seat_room) {
			snprintf(error, GATEWAY_ERROR_SIZE,
				 "too many new domains: they need a restart");
			return -FAIL_CONFIG;
		}
		if (number == g->seat_count) {
			struct seat *seat = mem_new(sizeof(*seat));
			strcpy(seat->name, c->domains[i].base.name);
			seat->home = choose_home(g, c, i);
			g->seats[g->seat_count++] = seat;
		}
		s->numbers[i] = number;
	}
	return 0;
}

static bool is_same_entrance(const struct config_inside *a, const struct config_inside *b)
{
	return !strcmp(a->base.name, b->base.name) && a->type == b->type &&
	       a->listen.port == b->listen.port && !strcmp(a->listen.host, b->listen.host);
}

static int check_inside(const struct config *now, const struct config *next,
			char error[GATEWAY_ERROR_SIZE])
{
	size_t i;

	for (i = 0; i < now->inside_count || i < next->inside_count; i++) {
		if (i < now->inside_count && i < next->inside_count &&
		    is_same_entrance(&now->inside[i], &next->inside[i]))
			continue;
		snprintf(error, GATEWAY_ERROR_SIZE,
			 "section inside, entry %.64s: entries are added, removed, moved and "
			 "changed in type and listen by a restart only",
			 i < next->inside_count ? next->inside[i].base.name
						: now->inside[i].base.name);
		return -FAIL_CONFIG;
	}
	return 0;
}

/* A home is where the component's listener is: it cannot move. */
static int check_homes(struct gateway *g, const struct config *next, char error[GATEWAY_ERROR_SIZE])
{
	size_t i;

	for (i = 0; i < next->domain_count; i++) {
		size_t number = find_seat(g, next->domains[i].base.name);
		if (number == g->seat_count || !next->domains[i].inside ||
		    g->seats[number]->home == choose_home(g, next, i))
			continue;
		snprintf(error, GATEWAY_ERROR_SIZE,
			 "domain %.200s: it is moved to another entry of section inside by a "
			 "restart only",
			 next->domains[i].base.name);
		return -FAIL_CONFIG;
	}
	return 0;
}

static void publish(struct gateway *g, struct snapshot *s)
{
	const struct config_gateway *settings = &s->config->gateway;
	struct snapshot *before = g->snapshot;
	unsigned i;

	g->snapshot = s;
	atomic_store(&g->log_level, (int)settings->log_level);
	limits_set(g->limits, settings->connection_limit, settings->source_connection_limit);
	for (i = 0; i < g->worker_count; i++) {
		struct message *m = message_new(MESSAGE_RELOAD);
		m->snapshot = snapshot_get(s);
		m->seats = g->seat_count;
		worker_post(&g->workers[i], m);
	}
	snapshot_put(before);
}

int gateway_reload(struct gateway *g, const struct gateway_options *options,
		   void (*done)(void *context), void *context, char error[GATEWAY_ERROR_SIZE])
{
	struct snapshot *s;

	if (g->reloading || g->draining) {
		snprintf(error, GATEWAY_ERROR_SIZE, "%s",
			 g->draining ? "the gateway is ending" : "another reload is under way");
		return -FAIL_CONFIG;
	}
	if (check_inside(g->snapshot->config, options->config, error) ||
	    check_homes(g, options->config, error))
		return -FAIL_CONFIG;
	s = reload_snapshot(options, error);
	if (!s)
		return -FAIL_CONFIG;
	if (reload_number_domains(g, s, error)) {
		s->config = NULL; /* it stays the caller's */
		snapshot_put(s);
		return -FAIL_CONFIG;
	}
	g->reloading = g->worker_count;
	g->reloaded = done;
	g->reload_context = context;
	publish(g, s);
	return 0;
}

void reload_taken(struct gateway *g)
{
	if (!--g->reloading)
		g->reloaded(g->reload_context);
}
