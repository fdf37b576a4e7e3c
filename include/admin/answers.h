/*
 * answers: what the daemon answers to status, streams, explain, certificates, pin and reload.
 *
 * A request is one line of JSON, {"command": "...", "arguments": ["...", ...]}; its answer is one, {"ok": true, "result": ...}
 * or {"ok": false, "error": "..."}. The workers are asked once for all who wait. Embedded in the daemon, on the main loop;
 * nothing is to be told after fini. The gateway must not call back any more then.
 */
#ifndef ADMIN_ANSWERS_H
#define ADMIN_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/control.h"
#include "gateway/gateway.h"

/* LINE without newline, borrowed. */
typedef void (*answers_reply_fn)(void *context, uint64_t client, const char *line, size_t len);

/* CLIENT wants a reload; answers_reloaded or answers_reload_failed tells how it went. */
typedef void (*answers_reload_fn)(void *context, uint64_t client);

enum answers_command {
	ANSWERS_STATUS,
	ANSWERS_STREAMS,
	ANSWERS_EXPLAIN,
	ANSWERS_CERTIFICATES,
	ANSWERS_PIN, /* domain; domain, "accept", digits of a key or ""; domain, "forget" */
	ANSWERS_RELOAD
};

enum answers_action { ANSWERS_SHOW, ANSWERS_ACCEPT, ANSWERS_FORGET };

struct answers_pending {
	uint64_t client;
	enum answers_command command;
	char domain[JID_DOMAIN_SIZE]; /* of explain and pin */
	enum answers_action action;   /* of pin */
	char key[CERT_KEY_TEXT];      /* of accept; "" = the one seen last */
	bool asked;		      /* the workers are asked since it came */
};

struct answers {
	struct gateway *gateway;
	const char *config; /* its path; borrowed */
	answers_reply_fn reply;
	answers_reload_fn reload;
	void *context;
	struct answers_pending pending[CONTROL_CLIENTS_MAX];
	unsigned count;
	bool asking;
};

void answers_init(struct answers *a, struct gateway *gateway, const char *config,
		  answers_reply_fn reply, answers_reload_fn reload, void *context);

/* One request; REPLY is called once for it, now or later. */
void answers_request(struct answers *a, uint64_t client, const char *line, size_t len);

/* DIAGS: what is wrong with the configuration; NULL = nothing. */
void answers_reload_failed(struct answers *a, uint64_t client, const struct diags *diags,
			   const char *why);
void answers_reloaded(struct answers *a, uint64_t client);

#endif
