/*
 * negotiation: one stream's negotiation, either role, as a table and a step.
 *
 * Pure: an event in; ordered actions, bytes to write and notes out. No I/O, clock, randomness, log or callback; whoever
 * drives it brings the stream ids and runs the timers. The same events always give the same output. Used by one thread at a
 * time; found by its driver through an id, never kept by anybody else.
 *
 * Words: a pair is (local domain, remote domain), authorised for one direction on one stream. A ticket is the number of a
 * question that was put to the driver; an answer with any other number is dropped.
 */
#ifndef NEGOTIATION_NEGOTIATION_H
#define NEGOTIATION_NEGOTIATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fail.h"
#include "negotiation/states.h"
#include "policy/memory.h"
#include "policy/partner.h"
#include "trust/cert_facts.h"
#include "trust/dane.h"
#include "xmpp/dialback_key.h"
#include "xmpp/xml_stream.h"

enum negotiation_role { ROLE_INITIATING, ROLE_RECEIVING };
#define NEGOTIATION_ROLES 2

/* EVENT(NAME, text) */
/* clang-format off */
#define NEGOTIATION_EVENTS(EVENT) \
/* from the driver */ \
EVENT(CONNECTED, "connected") \
EVENT(TLS_UP, "TLS up") \
EVENT(TLS_FAILED, "TLS failed") \
EVENT(PLAINTEXT, "plain text behind STARTTLS") \
EVENT(CERTIFICATE, "certificate facts") \
EVENT(SASL, "SASL library") \
EVENT(CHECKED, "dialback checked") \
EVENT(VERIFY, "verify a key") \
EVENT(TIMEOUT, "timeout") \
EVENT(LOST, "connection lost") \
EVENT(SHUT, "shut down") \
EVENT(POLICY, "new policy") \
EVENT(BROKEN, "broken XML") \
/* from the peer's XML */ \
EVENT(HEADER, "header") \
EVENT(FEATURES, "features") \
EVENT(STARTTLS, "<starttls/>") \
EVENT(PROCEED, "<proceed/>") \
EVENT(TLS_FAILURE, "<failure/> of TLS") \
EVENT(AUTH, "<auth/>") \
EVENT(CHALLENGE, "<challenge/>") \
EVENT(RESPONSE, "<response/>") \
EVENT(SUCCESS, "<success/>") \
EVENT(SASL_FAILURE, "<failure/> of SASL") \
EVENT(ABORT, "<abort/>") \
EVENT(RESULT, "db:result") \
EVENT(RESULT_ANSWER, "db:result answer") \
EVENT(VERIFY_REQUEST, "db:verify") \
EVENT(VERIFY_ANSWER, "db:verify answer") \
EVENT(STANZA, "stanza") \
EVENT(STREAM_ERROR, "stream error") \
EVENT(ELEMENT, "other element") \
EVENT(FOOTER, "closing tag")
/* clang-format on */

#define NEGOTIATION_EVENT_ENUM(name, ...) EVENT_##name,
enum negotiation_event_type { NEGOTIATION_EVENTS(NEGOTIATION_EVENT_ENUM) EVENT_COUNT };
#undef NEGOTIATION_EVENT_ENUM

enum sasl_outcome { SASL_DONE, SASL_MORE, SASL_FAILED };

/* How the check of a dialback key ended. The last three never reached an answer [XEP-0220 2.5]. */
enum dialback_outcome {
	DIALBACK_VALID,
	DIALBACK_INVALID,
	DIALBACK_NOT_FOUND,   /* remote-server-not-found */
	DIALBACK_UNREACHABLE, /* remote-connection-failed */
	DIALBACK_TIMEOUT,     /* remote-server-timeout */
	DIALBACK_OVERLOAD     /* resource-constraint: the driver's caps */
};

struct negotiation_event { /* everything is borrowed for the call, but for the certificate's facts */
	enum negotiation_event_type type;
	uint64_t ticket; /* CERTIFICATE, SASL, CHECKED; VERIFY: the driver's own number */
	const struct xml_header *header; /* HEADER */
	/* HEADER, and receiving BROKEN, TIMEOUT, SHUT before it: a fresh stream id, unguessable; VERIFY: of the key */
	const char *id;
	const struct element *element;	      /* the peer's elements */
	struct stanza *stanza;		      /* STANZA */
	const struct cert_facts *certificate; /* CERTIFICATE: lives as long as TLS; NULL = none */
	const struct dane_facts *dane;	      /* CERTIFICATE: likewise; NULL = nothing is known */
	unsigned verification; /* CERTIFICATE: by whose settings, of struct partner */
	bool weak, judged; /* CERTIFICATE: TLS is less than they ask for; POLICY: these are told */
	enum sasl_outcome sasl; /* SASL */
	const void *data;	/* SASL: what the library says, NULL = nothing */
	size_t data_len;
	const char *identity; /* SASL done, receiving: the authorisation identity, "" = not given */
	enum dialback_outcome outcome;	  /* CHECKED */
	const char *local, *remote, *key; /* VERIFY */
	enum fail fail;			  /* SHUT, BROKEN */
	const struct policy *policy; /* POLICY: these live until the next step after another one */
	const struct dialback_secret *secret, *previous; /* POLICY */
};

/* ACTION(NAME, text) */
/* clang-format off */
#define NEGOTIATION_ACTIONS(ACTION) \
ACTION(WRITE, "write") /* bytes [offset, offset + len) of the output */ \
ACTION(START_TLS, "start-tls") /* when all is written; whatever is left of the input is a PLAINTEXT event */ \
ACTION(RESTART, "restart") /* what follows this element belongs to a new XML stream */ \
ACTION(ASK_CERTIFICATE, "ask-certificate") /* for remote, "" = not known; -> CERTIFICATE */ \
ACTION(ASK_SASL, "ask-sasl") /* local, remote, data; first = begin an exchange -> SASL */ \
ACTION(ASK_DIALBACK, "ask-dialback") /* send db:verify (local, remote, id, key) on another connection -> CHECKED */ \
ACTION(PAIR_UP, "pair-up") /* (local, remote) is authorised by the method, in the direction that outbound says */ \
ACTION(PAIR_DOWN, "pair-down") /* (local, remote, outbound) was refused with the failure */ \
ACTION(VERIFIED, "verified") /* the VERIFY with that ticket ended with the outcome */ \
ACTION(DELIVER, "deliver") /* the stanza of this event may pass */ \
ACTION(OPENED, "opened") /* the stream's first pair is up; its timer ends */ \
ACTION(DROPPED, "dropped") /* something was ignored; the failure says why */ \
ACTION(CLOSE, "close") /* flush, then close the connection; abrupt: close at once */
/* clang-format on */

#define NEGOTIATION_ACTION_ENUM(name, ...) ACTION_##name,
enum negotiation_action_type { NEGOTIATION_ACTIONS(NEGOTIATION_ACTION_ENUM) ACTION_COUNT };
#undef NEGOTIATION_ACTION_ENUM

struct negotiation_action {
	enum negotiation_action_type type;
	size_t offset, len;
	uint64_t ticket;
	const char *local, *remote; /* borrowed until the next step, like all text here */
	const char *id, *key;
	const void *data; /* NULL = none */
	size_t data_len;
	bool outbound; /* of a pair: ours to the peer */
	bool first;
	bool abrupt;
	enum method method;
	enum dialback_outcome outcome;
	enum fail fail;
};

#define NEGOTIATION_ACTIONS_MAX 8
#define NEGOTIATION_NOTES_MAX 4

struct negotiation_note { /* a change of state, for the log */
	enum negotiation_state from, to;
};

/* One for many steps: init once, every step begins by clearing it. */
struct negotiation_output {
	struct negotiation_action actions[NEGOTIATION_ACTIONS_MAX];
	unsigned action_count;
	struct negotiation_note notes[NEGOTIATION_NOTES_MAX];
	unsigned note_count;
	struct buf bytes;
	char local[JID_DOMAIN_SIZE],
		remote[JID_DOMAIN_SIZE]; /* of a pair that was refused before it was one */
};

void negotiation_output_init(struct negotiation_output *out);
void negotiation_output_fini(struct negotiation_output *out);

/* What a stream is made with; all borrowed for its life. */
struct negotiation_config {
	const struct policy *policy;
	const struct dialback_secret *secret;
	const struct dialback_secret *previous; /* keys of it are ours too; NULL = none */
	enum negotiation_role role;
	bool direct_tls;	     /* TLS begins with the connection [XEP-0368] */
	bool tls_demanded;	     /* initiating: nothing in clear, whatever the row */
	bool verify_only;	     /* initiating: only to verify keys */
	const char *local, *remote;  /* initiating: the pair, each in normal form */
	uint64_t max_bytes;	     /* of a stanza, to tell the peer [XEP-0478]; 0 = do not tell */
	const struct memory *memory; /* may change between two steps; NULL = none */
	unsigned pairs_max;	     /* at most on one stream; 0 = NEGOTIATION_PAIRS_DEFAULT */
};

#define NEGOTIATION_PAIRS_DEFAULT 32
#define NEGOTIATION_AUTH_TRIES 5 /* failed authentications on one stream */
#define NEGOTIATION_KEY_MAX 1024 /* bytes of a dialback key or stream id that is looked at */

struct negotiation;

/* NULL when memory runs out. */
struct negotiation *negotiation_new(const struct negotiation_config *config);
void negotiation_free(struct negotiation *n);

/*
 * The step. Returns 0, or -FAIL_INTERNAL where the driver broke the order of its own events or memory ran out: the stream
 * is dead then, and OUT says how to close.
 */
int negotiation_step(struct negotiation *n, const struct negotiation_event *ev,
		     struct negotiation_output *out) must_check;

/* The event that an element of the peer's is. */
enum negotiation_event_type negotiation_classify(const struct element *e);

enum negotiation_state negotiation_state(const struct negotiation *n);
bool negotiation_in_tls(const struct negotiation *n);
/* A pair is authorised, so limits for strangers no longer apply. */
bool negotiation_is_authorised(const struct negotiation *n);
/* May a stanza from LOCAL to REMOTE be written to this stream now? Domains in normal form. */
bool negotiation_may_send(const struct negotiation *n, const char *local, const char *remote);
/* May one from REMOTE to LOCAL come in on it? Behind our closing tag, too: the peer's may be under way. */
bool negotiation_may_receive(const struct negotiation *n, const char *local, const char *remote);
/* The largest stanza that the peer said it accepts; 0 = it said nothing. Initiating role only. [XEP-0478 2] */
uint64_t negotiation_peer_max_bytes(const struct negotiation *n);
/* Would the peer accept S by its size? FAIL_NONE, or FAIL_STANZA_TOO_BIG_FOR_PEER: it is bounced, never sent. */
enum fail negotiation_check_size(const struct negotiation *n, const struct stanza *s);
enum method negotiation_method(const struct negotiation *n); /* by which the first pair came up */
/* Verdict, by what DANE means to the domain's partner, and pinned key together: FAIL_NONE, or why a certificate (NULL = none),
 * with what DNS says (NULL = nothing), is not valid for DOMAIN. */
enum fail negotiation_judge(const struct negotiation *n, const struct cert_facts *facts,
			    const struct dane_facts *dane, const char *domain);
/* Why it ended: FAIL_NONE while it lives. */
enum fail negotiation_failure(const struct negotiation *n);
/* The condition of the peer's stream error, one of RFC 6120's names; "" where it sent none. */
const char *negotiation_peer_error(const struct negotiation *n);
bool negotiation_external_refused(const struct negotiation *n); /* by the peer */
/* How many keys were answered for, as the authoritative server: a stream for that alone authorises nobody. */
unsigned negotiation_keys_answered(const struct negotiation *n);
const char *negotiation_remote(const struct negotiation *n); /* "" while not known */
const char *negotiation_local(const struct negotiation *n);

const char *negotiation_role_str(enum negotiation_role role);
const char *negotiation_state_str(enum negotiation_state state);
const char *negotiation_state_text(enum negotiation_state state);
const char *negotiation_event_str(enum negotiation_event_type type);
const char *negotiation_action_str(enum negotiation_action_type type);
const char *dialback_outcome_str(enum dialback_outcome outcome);

/* One cell of the legality table, for printing it: the handler's name, NULL = a protocol error; the states that it may
 * enter as a bit set. */
const char *negotiation_table(enum negotiation_role role, enum negotiation_state state,
			      enum negotiation_event_type event, unsigned *next);

#endif
