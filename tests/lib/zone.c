/*
 * zone: a name server for scripts, which knows what it is told.
 *
 *   zone <RECORDS
 *     A record is NAME A|AAAA ADDRESS, NAME SRV PRIORITY WEIGHT PORT TARGET, or NAME fails. Prints the address to ask at on
 *     127.0.0.1, as ADDRESS@PORT, then answers until it is killed. A name without records does not exist.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../net/responder.h"

#define RECORDS_MAX 200

struct record {
	char name[256], type[8], target[256];
	int priority, weight, port;
};

struct zone {
	struct record records[RECORDS_MAX];
	size_t count;
};

static void read_records(struct zone *z)
{
	char line[1024];

	while (z->count < RECORDS_MAX && fgets(line, sizeof(line), stdin)) {
		struct record *r = &z->records[z->count];
		int n = sscanf(line, "%255s SRV %d %d %d %255s", r->name, &r->priority, &r->weight,
			       &r->port, r->target);
		if (n == 5)
			strcpy(r->type, "SRV");
		else if (sscanf(line, "%255s %7s %255s", r->name, r->type, r->target) < 2)
			continue;
		z->count++;
	}
}

static void add(struct reply *r, const struct record *n, int type)
{
	if (type == 33 && !strcmp(n->type, "SRV"))
		reply_srv(r, NULL, n->priority, n->weight, n->port,
			  strcmp(n->target, ".") ? n->target : "");
	else if ((type == 1 && !strcmp(n->type, "A")) || (type == 28 && !strcmp(n->type, "AAAA")))
		reply_address(r, NULL, n->target);
}

static bool answer(void *context, const struct question *q, struct reply *r)
{
	const struct zone *z = context;
	bool known = false;
	size_t i;

	r->ttl = 300;
	for (i = 0; i < z->count; i++) {
		if (strcmp(z->records[i].name, q->name))
			continue;
		known = true;
		if (!strcmp(z->records[i].type, "fails"))
			reply_code(r, 2);
		add(r, &z->records[i], q->type);
	}
	if (!known)
		reply_code(r, 3);
	return true;
}

int main(void)
{
	static struct zone z;
	struct loop *l = loop_new();
	struct net_address at;
	char ip[NET_ADDRESS_TEXT], *colon;

	read_records(&z);
	at = responder_address(responder_new(l, answer, &z));
	net_address_str(&at, ip);
	colon = strrchr(ip, ':');
	printf("%.*s@%u\n", (int)(colon - ip), ip, at.port);
	fflush(stdout);
	loop_run(l);
	return 1;
}
