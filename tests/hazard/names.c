#include "names.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../net/responder.h"

struct zone {
	const struct daemon *daemon;
	const struct name_record *records;
	size_t count;
};

static void add_address(const struct zone *z, const struct name_record *n, struct reply *r)
{
	bool own = !strncmp(n->data, "$NET", 4);
	char text[64];

	snprintf(text, sizeof(text), "%s%s", own ? z->daemon->net : "",
		 own ? n->data + 4 : n->data);
	reply_address(r, NULL, text);
}

static bool answer(void *context, const struct question *q, struct reply *r)
{
	const struct zone *z = context;
	bool known = false;
	size_t i;

	r->ttl = 300;
	for (i = 0; i < z->count; i++) {
		const struct name_record *n = &z->records[i];
		if (strcmp(n->name, q->name))
			continue;
		if (n->type == NAME_SILENT)
			return false;
		known = true;
		if (n->type != (enum name_type)q->type)
			continue;
		if (n->type == NAME_SRV)
			reply_srv(r, NULL, n->priority, n->weight, n->port, n->data);
		else
			add_address(z, n, r);
	}
	if (!known)
		reply_code(r, 3);
	return true;
}

static void serve(struct zone *z, int ready)
{
	struct loop *l = loop_new();
	int port = responder_address(responder_new(l, answer, z)).port;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (write(ready, &port, sizeof(port)) == sizeof(port))
		loop_run(l);
	_exit(1);
}

pid_t names_serve(struct daemon *d, const struct name_record *records, size_t count)
{
	struct zone zone = { d, records, count };
	int ends[2];
	pid_t pid;

	if (pipe(ends))
		daemon_die("pipe", "");
	fflush(stdout);
	pid = fork();
	if (!pid)
		serve(&zone, ends[1]);
	if (read(ends[0], &d->dns_port, sizeof(d->dns_port)) != sizeof(d->dns_port))
		daemon_die("no name server", "");
	close(ends[0]);
	close(ends[1]);
	return pid;
}

void names_end(pid_t names)
{
	kill(names, SIGKILL);
	waitpid(names, NULL, 0);
}
