/*
 * history: what became of each stanza, and whether that may be.
 *
 * A stanza ends in exactly one of: delivered, returned, or, if it is an error or a result, dropped. Stanzas of a pair of
 * domains are delivered in the order in which they were sent. What a kernel had taken when its connection was cut, TCP cannot
 * tell; so where nothing acknowledges stanzas, one run of consecutive stanzas of a pair may be lost for each connection that
 * was cut or ended by a restart while it carried that pair, and for each link of a component's that broke.
 */
#ifndef SOAK_HISTORY_H
#define SOAK_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

enum kind { KIND_MESSAGE, KIND_IQ, KIND_PRESENCE, KIND_ERROR, KIND_RESULT };

/* Why a run may be gone: its connection was cut between the servers, a component's link broke, a gateway was restarted. The last
 * is a loss that the receiver could avoid, and counted apart. */
enum excuse_reason { EXCUSE_CUT, EXCUSE_LINK, EXCUSE_RESTART, EXCUSES };

struct history_counts {
	uint64_t sent, delivered, bounced, dropped;
	uint64_t excused[EXCUSES]; /* lost, and TCP cannot tell */
	uint64_t lost;		   /* without an excuse, without a bounce */
	uint64_t both;		   /* bounced and delivered */
	uint64_t doubled, bounced_twice, inversions, strays;
	uint64_t
		peer_inversions; /* of what Prosody sent: it may write a new one before those that waited */
};

/* The next COUNT stanzas; what was is forgotten, but for the sums. */
void history_begin(uint32_t count);
/* Gives its number, and counts it as sent. */
uint64_t history_sent(int from, int to, enum kind kind);
bool history_is_full(void);
void history_delivered(uint64_t number, int at);
void history_bounced(uint64_t number, int at, const char *condition);
/* So many of the pair were sent after the last of which anything was heard. */
uint32_t history_outstanding(int from, int to);
/* Milliseconds since anything was heard of any stanza. */
uint64_t history_quiet_ms(void);
/* Stanzas of which nothing was heard. */
uint64_t history_open(void);
/* A connection that carried the pair was cut: a run of stanzas sent before now may be gone. */
void history_excuse(int from, int to, enum excuse_reason reason);
/* Looks at all of it; prints what may not be. */
void history_judge(void);
const struct history_counts *history_counts(void);
bool history_is_good(void);

#endif
