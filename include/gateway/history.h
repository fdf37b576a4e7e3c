/*
 * history: how the last negotiation with each domain ended, in each direction.
 *
 * Bounded: the domain that was not heard of for the longest is forgotten first. Any thread.
 */
#ifndef GATEWAY_HISTORY_H
#define GATEWAY_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fail.h"
#include "negotiation/negotiation.h"
#include "policy/matrix.h"

#define HISTORY_DOMAINS_MAX 4096

struct attempt {
	char local[JID_DOMAIN_SIZE], remote[JID_DOMAIN_SIZE];
	enum negotiation_role role;
	int64_t at;	    /* wall clock, seconds */
	uint64_t took_ms;   /* until it opened or failed */
	unsigned row;	    /* 0 = not known */
	enum fail fail;	    /* FAIL_NONE: it opened */
	enum fail cause;    /* what had failed before on the same stream, such as EXTERNAL; FAIL_NONE */
	enum method method; /* METHOD_NONE where it did not open */
	char address[64];
	char tls_version[16], cipher[64];
	char peer_error[64]; /* the condition of the peer's stream error; "" */
	char detail[200];    /* more in words: of the TLS library, the resolver; "" */
};

struct history;

struct history *history_new(void);
void history_free(struct history *h);
void history_add(struct history *h, const struct attempt *a);
bool history_last(struct history *h, const char *remote, enum negotiation_role role,
		  struct attempt *out);

#endif
