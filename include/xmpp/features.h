/*
 * features: the features element of each phase, read and written.
 *
 * What a receiving stream advertises and an initiating one is offered. Pure; any thread.
 */
#ifndef XMPP_FEATURES_H
#define XMPP_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "xmpp/element.h"

struct features {
	bool starttls;
	bool starttls_required;
	bool external; /* SASL EXTERNAL among the mechanisms */
	bool dialback; /* advertised by us always with <errors/> [XEP-0220 2.4.2] */
	bool dialback_errors;
	uint64_t
		max_bytes; /* of a stanza, never below FEATURES_MAX_BYTES_LEAST; 0 = not said [XEP-0478 2] */
};

#define FEATURES_MAX_BYTES_LEAST \
	10000 /* whoever says less must still accept this [RFC6120 13.12] */

bool features_is(const struct element *e);
/* Reads <stream:features/>; unknown features are voluntary and ignored. */
struct features features_read(const struct element *e);
void features_write(struct buf *out, const struct features *f);

#endif
