/*
 * look: asks a name server by net/resolver, and prints what came.
 *
 *   look ADDRESS@PORT ANCHORS TYPE NAME...
 *
 * ANCHORS is a file of trust anchors, or "-": answers are not validated. TYPE is srv, tlsa or address. A line for each NAME:
 *   NAME secure|insecure FAILURE COUNT ignored=N REASON
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/resolver.h"

#define TIMEOUT 10000

struct look {
	struct loop *loop;
	struct resolver *resolver;
	const char *type;
	char **names;
};

static void next(struct look *l);

static void on_answer(void *context, const struct resolver_answer *a)
{
	struct look *l = context;

	printf("%s %s %s %zu ignored=%u %s\n", *l->names, a->secure ? "secure" : "insecure",
	       fail_str(a->fail), a->count, a->ignored, a->reason);
	l->names++;
	next(l);
}

static void next(struct look *l)
{
	struct resolver_query *q;

	if (!*l->names) {
		loop_stop(l->loop);
		return;
	}
	if (!strcmp(l->type, "srv"))
		q = resolver_srv(l->resolver, *l->names, on_answer, l);
	else if (!strcmp(l->type, "tlsa"))
		q = resolver_tlsa(l->resolver, *l->names, on_answer, l);
	else
		q = resolver_addresses(l->resolver, *l->names, 5269, on_answer, l);
	if (!q)
		abort();
}

int main(int argc, char **argv)
{
	char error[RESOLVER_ERROR_SIZE] = "", *at = argc > 4 ? strchr(argv[1], '@') : NULL;
	struct net_address server;
	struct resolver_settings settings = { .servers = &server,
					      .count = 1,
					      .timeout_ms = TIMEOUT };
	struct look l = { .loop = loop_new() };

	if (!at || !l.loop)
		return 2;
	*at = '\0';
	if (!net_address_parse(argv[1], (uint16_t)atoi(at + 1), &server))
		return 2;
	settings.trust_anchors = strcmp(argv[2], "-") ? argv[2] : NULL;
	l.resolver = resolver_new(l.loop, &settings, error);
	if (!l.resolver) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	l.type = argv[3];
	l.names = argv + 4;
	next(&l);
	loop_run(l.loop);
	resolver_free(l.resolver);
	loop_free(l.loop);
	return 0;
}
