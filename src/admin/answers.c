#include "admin/answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answers_int.h"
#include "base/str.h"
#include "report_int.h"

static const char *const commands[] = {
	[ANSWERS_STATUS] = "status",   [ANSWERS_STREAMS] = "streams",
	[ANSWERS_EXPLAIN] = "explain", [ANSWERS_CERTIFICATES] = "certificates",
	[ANSWERS_PIN] = "pin",	       [ANSWERS_RELOAD] = "reload",
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(*commands))

void answers_init(struct answers *a, struct gateway *gateway, const char *config,
		  answers_reply_fn reply, answers_reload_fn reload, void *context)
{
	memset(a, 0, sizeof(*a));
	a->gateway = gateway;
	a->config = config;
	a->reply = reply;
	a->reload = reload;
	a->context = context;
}

/* Takes ANSWER. */
static void reply(struct answers *a, uint64_t client, json_t *answer)
{
	static const char none[] = "{\"ok\": false, \"error\": \"memory ran out\"}";
	char *text = json_dumps(answer, JSON_COMPACT | JSON_PRESERVE_ORDER);

	json_decref(answer);
	if (text)
		a->reply(a->context, client, text, strlen(text));
	else
		a->reply(a->context, client, none, sizeof(none) - 1);
	free(text);
}

static void refuse(struct answers *a, uint64_t client, const char *why)
{
	json_t *o = json_object();

	json_object_set_new(o, "ok", json_false());
	json_object_set_new(o, "error", report_json_string(why));
	reply(a, client, o);
}

static void reply_result(struct answers *a, uint64_t client, json_t *value)
{
	json_t *o = json_object();

	json_object_set_new(o, "ok", json_true());
	json_object_set_new(o, "result", value);
	reply(a, client, o);
}

/* ---- reading ---- */

static bool read_command(const json_t *root, enum answers_command *command, const char **why)
{
	const char *name = json_string_value(json_object_get(root, "command"));
	size_t i;

	if (!name) {
		*why = "`command` is missing, or no text";
		return false;
	}
	for (i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i], name))
			continue;
		*command = (enum answers_command)i;
		return true;
	}
	*why = "there is no such command";
	return false;
}

/* What pin is to do, behind its domain. */
static bool read_action(const json_t *list, struct answers_pending *p)
{
	const char *word = json_string_value(json_array_get(list, 1));
	const char *key = json_string_value(json_array_get(list, 2));
	size_t count = json_array_size(list);

	if (word && !strcmp(word, "forget") && count == 2) {
		p->action = ANSWERS_FORGET;
		return true;
	}
	if (!word || strcmp(word, "accept") || count != 3 || !key)
		return false;
	p->action = ANSWERS_ACCEPT;
	return !str_copy(p->key, sizeof(p->key), key, strlen(key));
}

/* The domain of explain and of pin; the others have no arguments. */
static bool read_arguments(const json_t *root, struct answers_pending *p, const char **why)
{
	const json_t *list = json_object_get(root, "arguments");
	const char *text = json_string_value(json_array_get(list, 0));
	bool pin = p->command == ANSWERS_PIN, more = pin && json_array_size(list) > 1;
	size_t wanted = p->command == ANSWERS_EXPLAIN || pin ? 1 : 0;

	if (list && !json_is_array(list))
		*why = "`arguments` is no list";
	else if (more && !read_action(list, p))
		*why = "after the domain it takes `accept` with a key, or `forget`";
	else if (!more && json_array_size(list) != wanted)
		*why = wanted ? "it takes one argument, a domain" : "it takes no arguments";
	else if (wanted && (!text || jid_domain(text, strlen(text), p->domain)))
		*why = "the argument is not a domain";
	else
		return true;
	return false;
}

static bool read_members(json_t *root, const char **why)
{
	const char *key;
	json_t *value;

	json_object_foreach(root, key, value)
	{
		if (!strcmp(key, "command") || !strcmp(key, "arguments"))
			continue;
		*why = "it has members other than `command` and `arguments`";
		return false;
	}
	return true;
}

static bool read_request(const char *line, size_t len, struct answers_pending *p, const char **why)
{
	json_t *root = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	bool good = json_is_object(root);

	if (!good)
		*why = "the request is no object of JSON";
	good = good && read_members(root, why) && read_command(root, &p->command, why) &&
	       read_arguments(root, p, why);
	json_decref(root);
	return good;
}

/* ---- answering ---- */

static json_t *result(const struct answers *a, const struct answers_pending *p,
		      const struct gateway_report *report)
{
	switch (p->command) {
	case ANSWERS_STATUS:
		return answers_status(a, report);
	case ANSWERS_STREAMS:
		return answers_streams(report);
	case ANSWERS_EXPLAIN:
		return answers_explain(a, p->domain, report);
	case ANSWERS_CERTIFICATES:
	case ANSWERS_PIN:
	case ANSWERS_RELOAD:
		break; /* no report is asked for them */
	}
	return json_null();
}

static void ask(struct answers *a);

static void reported(void *context, const struct gateway_report *report)
{
	struct answers *a = context;
	struct answers_pending all[CONTROL_CLIENTS_MAX];
	unsigned count = a->count, i;

	memcpy(all, a->pending, sizeof(all));
	a->asking = false;
	a->count = 0;
	/* those who came since then are to see what happened before they came */
	for (i = 0; i < count; i++)
		if (!all[i].asked)
			a->pending[a->count++] = all[i];
	for (i = 0; i < count; i++) {
		if (all[i].asked)
			reply_result(a, all[i].client, result(a, &all[i], report));
	}
	ask(a);
}

static void ask(struct answers *a)
{
	unsigned i;

	if (a->asking || !a->count)
		return;
	a->asking = true;
	for (i = 0; i < a->count; i++)
		a->pending[i].asked = true;
	gateway_report(a->gateway, reported, a);
}

static void answer_pin(struct answers *a, const struct answers_pending *p)
{
	const char *why = NULL;
	json_t *value = answers_pin(a, p, &why);

	if (value)
		reply_result(a, p->client, value);
	else
		refuse(a, p->client, why);
}

void answers_request(struct answers *a, uint64_t client, const char *line, size_t len)
{
	struct answers_pending p;
	const char *why;

	memset(&p, 0, sizeof(p));
	p.client = client;
	if (!read_request(line, len, &p, &why)) {
		refuse(a, client, why);
	} else if (p.command == ANSWERS_RELOAD) {
		a->reload(a->context, client);
	} else if (p.command == ANSWERS_CERTIFICATES) {
		reply_result(a, client, answers_certificates(a));
	} else if (p.command == ANSWERS_PIN) {
		answer_pin(a, &p);
	} else if (a->count == CONTROL_CLIENTS_MAX) {
		/* those whose time was over still have their place here */
		refuse(a, client, "the workers do not answer");
	} else {
		a->pending[a->count++] = p;
		ask(a);
	}
}

/* ---- a reload ---- */

static json_t *json_of_diags(const struct diags *diags)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; diags && i < diags->count; i++) {
		const struct diag *d = &diags->items[i];
		json_t *o = json_object();
		json_object_set_new(o, "severity", json_string(severity_str(d->severity)));
		json_object_set_new(o, "file", report_json_string(d->file));
		json_object_set_new(o, "line", json_integer(d->line));
		json_object_set_new(o, "column", json_integer(d->column));
		json_object_set_new(o, "text", report_json_string(d->text));
		json_array_append_new(list, o);
	}
	return list;
}

void answers_reload_failed(struct answers *a, uint64_t client, const struct diags *diags,
			   const char *why)
{
	json_t *o = json_object(), *result = json_object();

	json_object_set_new(o, "ok", json_false());
	json_object_set_new(o, "error", report_json_string(why));
	json_object_set_new(result, "diagnostics", json_of_diags(diags));
	json_object_set_new(o, "result", result);
	reply(a, client, o);
}

void answers_reloaded(struct answers *a, uint64_t client)
{
	const struct config *c = gateway_config(a->gateway);
	json_t *o = json_object(), *result = json_object();

	json_object_set_new(result, "domains", json_integer((json_int_t)c->domain_count));
	json_object_set_new(result, "partners", json_integer((json_int_t)c->partner_count));
	json_object_set_new(o, "ok", json_true());
	json_object_set_new(o, "result", result);
	reply(a, client, o);
}
