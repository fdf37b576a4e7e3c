/*
 * stream: one XML stream with the outside, either role: a connection, its wire, and what both ask for.
 *
 * The only caller of the negotiation. Belongs to its worker's thread and to one owner, whom it tells what happens; the last
 * callback is ended, at the end of a loop turn, after which it frees itself. It is found by its id, never kept by anyone but
 * its owner. It gives its log lines and its attempt to the hooks.
 */
#ifndef OUTSIDE_STREAM_H
#define OUTSIDE_STREAM_H

#include "net/connection.h"
#include "outside/outside.h"
#include "xmpp/stanza.h"

struct stream_events { /* any may be NULL */
	/* Initiating: its pair is up, or, verify-only, it takes questions. Receiving: its first pair is up. */
	void (*opened)(void *context);
	/* The question with that ticket was answered on this stream. */
	void (*verified)(void *context, uint64_t ticket, enum dialback_outcome outcome);
	/* It is no longer slow. */
	void (*drained)(void *context);
	/* It is over, FAIL says why; the stream must not be used any more, but for stream_take_back. */
	void (*ended)(void *context, enum fail fail, const char *detail);
};

/* Takes FD, a connection that came in; DIRECT_TLS: it begins with TLS. */
struct stream *stream_accepted(struct outside *o, int fd, const struct net_address *from,
			       bool direct_tls, const struct stream_events *events, void *context);

/* What is connected. */
struct stream_target {
	const char *host; /* borrowed */
	uint16_t port;
	bool secure; /* DNS proves that the domain delegates to it: its TLSA records count */
};

struct stream_way {		    /* of one that will be connected */
	const char *local, *remote; /* REMOTE has a partner with a valid row */
	bool verify_only;	    /* for keys alone */
	bool direct_tls;	    /* it begins with TLS */
	bool tls_demanded;	    /* nothing in clear, whatever the row */
	struct stream_target target;
};
/* One that somebody connects, and then says how that went. */
struct stream *stream_dialling(struct outside *o, struct snapshot *snapshot,
			       const struct stream_way *way, const struct stream_events *events,
			       void *context);
/* Counts it as a connection with its partner; false: there are too many, and it ends. */
bool stream_claim(struct stream *s);
/* Takes C; negotiates within LEFT_MS. Afterwards the stream reports. */
void stream_connected(struct stream *s, struct connection *c, uint64_t left_ms);
/* No connection came about; the last try was to TO. */
void stream_unreached(struct stream *s, const struct net_address *to, enum fail fail,
		      const char *detail);

/* Another owner. */
void stream_give(struct stream *s, const struct stream_events *events, void *context);

/* Initiating, open: one stanza of its pair, borrowed; or why it is not sent. */
enum fail stream_send(struct stream *s, struct stanza *stanza);
/* From inside `ended`: one after the other, in order, what was sent and the peer cannot have whole; the reference is the
 * caller's. NULL: no more. */
struct stanza *stream_take_back(struct stream *s);
bool stream_is_slow(
	const struct stream *s); /* more waits to be written than should; until drained */
bool stream_is_full(const struct stream *s); /* it takes no more: for now, or because it ends */
/* When the peer last took anything, in loop_now's time; 0 = never. */
uint64_t stream_last_taken(const struct stream *s);
/* Initiating, verify-only. */
void stream_verify(struct stream *s, uint64_t ticket, const struct question *q);
/* Receiving: the answer to a question that it asked by the hooks. */
void stream_checked(struct stream *s, uint64_t ticket, enum dialback_outcome outcome);
/* Ends it in order: with the failure's stream error, or by the closing handshake where it has none. */
void stream_shut(struct stream *s, enum fail fail);
/* Reads no more: what it delivers to, CAUSE, cannot take it; or again, where it was the same. */
void stream_pause(struct stream *s, size_t cause);
void stream_resume(struct stream *s, size_t cause);

/* The configuration changed: what the new one does not allow ends at once, everything after goes by it. */
void stream_reload(struct stream *s, struct snapshot *snapshot);

/* NULL where there is none (any more). */
struct stream *stream_find(struct outside *o, uint64_t id);

/* Ends all of them at once, their owners are told; from outside of the loop. */
void streams_free(struct outside *o);

struct stream_info { /* borrowed */
	uint64_t id;
	enum negotiation_role role;
	enum negotiation_state state;
	bool verify_only;
	bool direct_tls;
	const char *local, *remote;
	const struct net_address *peer;
	const struct row *row; /* NULL = not known */
	enum method method;
	const char *tls_version, *cipher;
	uint64_t age_ms, negotiation_ms, stanzas;
	size_t waiting;
	bool authorised;
};
void stream_info(const struct stream *s, struct stream_info *out);
struct stream *stream_next(const struct stream *s); /* of o->streams */

#endif
