/*
 * wire: bytes of one connection in, actions of its negotiation out.
 *
 * Owns the negotiation and the XML streams that follow one another on a connection, cuts the input exactly where one ends,
 * and lifts the limits for strangers once a pair is authorised. Whoever owns the connection feeds it and carries out what the
 * actions say, in their order. Pure but for the callbacks. Not shared between threads; from inside a callback none of these
 * functions may be called.
 */
#ifndef NEGOTIATION_WIRE_H
#define NEGOTIATION_WIRE_H

#include "negotiation/negotiation.h"

struct wire_events {
	/* One action, in order. BYTES is the output that a WRITE refers to; STANZA belongs to a DELIVER (stanza_get to keep
	 * it), else NULL. */
	void (*action)(void *context, const struct negotiation_action *a, const char *bytes,
		       struct stanza *stanza);
	/* A change of state, before the actions of its step. May be NULL. */
	void (*note)(void *context, const struct negotiation_note *note);
	/* A fresh stream id for the header that just came in: at least 128 unguessable bits. Receiving role only. */
	const char *(*stream_id)(void *context);
};

struct wire_config {
	struct negotiation_config negotiation;
	size_t max_stanza; /* bytes, once authorised; never below 10000 [RFC6120 13.12] */
};

/* What a stranger may send on one XML stream before a pair is authorised, and how large one element may be. */
#define WIRE_STRANGER_BYTES 65536
#define WIRE_STRANGER_ELEMENT 16384

struct wire;

/* EVENTS and CONTEXT are borrowed for life. NULL when memory runs out. */
struct wire *wire_new(const struct wire_config *config, const struct wire_events *events,
		      void *context);
void wire_free(struct wire *w);

/* Bytes from the connection, decrypted where it is in TLS. Bytes that were read before START_TLS was carried out belong to
 * the same call, so that what was injected is seen. What follows the end of the negotiation is ignored. */
void wire_feed(struct wire *w, const char *data, size_t len);
/* An event of the driver's: CONNECTED to BROKEN of the list. */
void wire_event(struct wire *w, const struct negotiation_event *ev);

/* Nothing may come for a while: see xml_stream_rest. */
void wire_rest(struct wire *w);

const struct negotiation *wire_negotiation(const struct wire *w);

#endif
