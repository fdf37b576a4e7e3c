/* Between the workers, who learn, and the keeper, who remembers and tells all of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "gateway/trust_store.h"
#include "gateway_int.h"

/* ---- a worker ---- */

void remember_lesson(struct worker *w, const struct lesson *lesson)
{
	struct message *m = message_new(MESSAGE_LEARNT);

	m->lesson = mem_new(sizeof(*lesson));
	*m->lesson = *lesson;
	mailbox_post(w->gateway->mailbox, &m->mail);
}

void remember_attempt(struct worker *w, const struct attempt *a)
{
	struct message *m;

	/* strangers can fail as often as they like: that is nothing to remember */
	if (a->fail && !memory_find(w->outside.memory, a->remote, a->role) &&
	    !policy_partner(w->outside.snapshot->policy, a->remote, NULL, NULL))
		return;
	m = message_new(MESSAGE_ATTEMPT);
	m->attempt = mem_new(sizeof(*a));
	*m->attempt = *a;
	mailbox_post(w->gateway->mailbox, &m->mail);
}

static void change(struct memory *memory, const char *domain, const struct memory_facts *facts)
{
	if (facts)
		memory_set(memory, domain, facts);
	else
		memory_forget(memory, domain);
}

void remember_change(struct worker *w, const struct message *m)
{
	change(w->outside.memory, m->remote, m->facts);
}

/* ---- the main thread ---- */

static const struct policy *policy(void *context)
{
	const struct gateway *g = context;

	return g->snapshot->policy;
}

static void on_log(void *context, const struct log_line *line)
{
	gateway_log(context, line);
}

static void on_changed(void *context, const char *domain, const struct memory_facts *facts)
{
	struct gateway *g = context;
	unsigned i;

	for (i = 0; i < g->worker_count; i++) {
		struct worker *w = &g->workers[i];
		struct message *m;
		if (!w->started) { /* nobody else looks at it yet */
			change(w->outside.memory, domain, facts);
			continue;
		}
		m = message_new(MESSAGE_MEMORY);
		strcpy(m->remote, domain);
		if (facts) {
			m->facts = mem_new(sizeof(*facts));
			*m->facts = *facts;
		}
		worker_post(w, m);
	}
}

static const struct keeper_hooks hooks = {
	.policy = policy,
	.log = on_log,
	.changed = on_changed,
};

int remember_init(struct gateway *g, char error[GATEWAY_ERROR_SIZE])
{
	const char *dir = g->snapshot->config->gateway.state_dir;
	char path[TRUST_STORE_PATH_SIZE];
	struct keeper_options options = {
		.loop = g->main_loop,
		.path = path,
		.hooks = &hooks,
		.context = g,
	};

	if (str_format(path, sizeof(path), "%s/%s", dir, KEEPER_FILE)) {
		snprintf(error, GATEWAY_ERROR_SIZE, "state-dir: its name is too long");
		return -FAIL_CONFIG;
	}
	g->keeper = keeper_new(&options);
	return g->keeper ? 0 : -FAIL_NO_MEMORY;
}

void remember_message(struct gateway *g, const struct message *m)
{
	if (g->over)
		return;
	if (m->lesson)
		keeper_learn(g->keeper, m->lesson);
	else
		keeper_attempt(g->keeper, m->attempt);
}
