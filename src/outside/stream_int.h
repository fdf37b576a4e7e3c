/* The inside of a stream, shared by stream.c (life, events of the connection), stream_actions.c (what the negotiation asks
 * for), stream_dane.c (what DNS says of the peer) and stream_log.c (what is said of it). */
#ifndef OUTSIDE_STREAM_INT_H
#define OUTSIDE_STREAM_INT_H

#include "negotiation/wire.h"
#include "net/connection.h"
#include "net/sasl.h"
#include "outside/expiry.h"
#include "outside/stream.h"
#include "outside/tlsa_search.h"
#include "xmpp/unsent.h"

#define STREAM_PENDING \
	4 /* answers that the wire gets after the call that asked: one question is open at a time */
#define STREAM_CLOSE_MS 5000
#define STREAM_DROPS_LOGGED 5
#define STREAM_REST_MS 10000 /* without input, and memory is given back */

struct stream {
	uint64_t id; /* first: the key of streams_by_id */
	struct outside *o;
	struct snapshot *snapshot; /* a reference */
	enum negotiation_role role;
	bool verify_only;
	bool direct_tls;	       /* TLS begins with the connection */
	bool tls_demanded;	       /* whatever the row: direct TLS failed before */
	struct connection *connection; /* NULL before it dials and after it ended */
	struct wire *wire;	       /* owned */
	struct net_sasl *sasl;	       /* owned; while an exchange runs */
	struct tlsa_search *search;    /* owned; NULL = DNS is not asked about the peer */
	uint64_t certificate_ticket;   /* of the question that waits for it; 0 = none */
	char dane_detail[120];
	const struct stream_events *events;
	void *context;
	struct loop_timer *timer;
	struct loop_task reaper;
	struct loop_task sent; /* after what was written has left */
	struct unsent unsent;
	uint64_t written;	     /* bytes */
	struct stream *next, **link; /* of o->streams */
	struct net_address peer;
	struct negotiation_event pending[STREAM_PENDING];
	unsigned pending_count;
	unsigned busy; /* inside the wire: answers wait in pending */
	bool connecting;
	bool opened;
	bool tell_opened; /* the owner is to hear of it */
	bool over;	  /* ended, waits for the reaper */
	bool paused;
	bool rests; /* since the last input */
	size_t pause_cause;
	char *pair_remote; /* owned: of the first pair, where the header named nobody; NULL */
	const struct snapshot *judged_by; /* whose TLS the connection has, and holds */
	unsigned wants;		     /* by whose the peer was last looked at, of struct partner */
	const struct partner *taken; /* whose connection limit it counts for; NULL = none */
	enum fail fail;
	char stream_id[33];
	char detail[200];
	uint64_t begun, deadline, opened_at, last_stanza, last_sent, resumed_at;
	struct expiry expiry; /* of the certificates that authorised it */
	uint64_t stanzas;
	unsigned drops;
};

/* stream_actions.c */
extern const struct wire_events stream_wire_events;
/* Gives the wire what waited for it. */
void stream_settle(struct stream *s);
void stream_event(struct stream *s, const struct negotiation_event *ev);
/* In TLS: judges the peer for the one that it says it is; fills in what EV tells of that. */
void stream_look_at_peer(struct stream *s, struct negotiation_event *ev);
/* From inside the wire: it gets EV when it is left. */
void stream_answer_later(struct stream *s, const struct negotiation_event *ev);

/* stream_dane.c */
/* Begins to ask about a server that is dialled. */
void stream_dane_target(struct stream *s, const struct stream_target *target);
/* Answers the question for the certificate, at once or when DNS has answered. */
void stream_give_certificate(struct stream *s, const struct negotiation_action *a);
/* What DNS says of the peer's domain; NULL = nothing, or nothing yet. */
const struct dane_facts *stream_dane(const struct stream *s);
/* When what the peer is known by ends, seconds since the epoch; 0 = not by itself. */
int64_t stream_expires(const struct stream *s, const struct cert_facts *facts);
/* What DNS says, the peer's certificates compared with the records. */
const struct dane_facts *stream_compare_dane(struct stream *s);

/* stream.c */
void stream_end(struct stream *s, enum fail fail, bool abrupt);
void stream_set_timer(struct stream *s);
void stream_write(struct stream *s, const char *bytes, size_t len);
/* Once it is open by SASL: from when on its certificate counts no more. */
void stream_note_expiry(struct stream *s);

/* stream_log.c */
void stream_log_open(struct stream *s);
void stream_log_close(struct stream *s);
void stream_log_note(struct stream *s, const struct negotiation_note *note);
void stream_log_drop(struct stream *s, enum fail fail);
void stream_log_pair(struct stream *s, const struct negotiation_action *a);
void stream_tell_attempt(struct stream *s);
/* What a pair's coming up, or its refusal, says of REMOTE; what the end of the stream does, where that is a refusal. */
void stream_teach(struct stream *s, const char *remote, enum method method, enum fail fail);
void stream_teach_end(struct stream *s);
/* Why the peer's certificate is not valid for its domain; FAIL_NONE where it is, or outside TLS. */
enum fail stream_certificate(const struct stream *s);
/* The peer refused our certificate for SASL, which may identify servers alone. */
bool stream_lacks_client_usage(const struct stream *s);
/* What DNS says of it: the match, or the failure of a look-up; "" where nothing is proven. */
const char *stream_dane_str(const struct stream *s);
const struct partner *stream_partner(const struct stream *s);
const char *stream_remote(const struct stream *s); /* "" while not known */

#endif
