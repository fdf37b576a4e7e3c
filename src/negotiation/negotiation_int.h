/*
 * The inside of a negotiation, shared by its four files: negotiation.c (table, step, what every state does), initiating.c,
 * receiving.c (one role's handlers each) and pairs.c (what both know of pairs and keys).
 */
#ifndef NEGOTIATION_INT_H
#define NEGOTIATION_INT_H

#include "negotiation/negotiation.h"
#include "policy/choose.h"
#include "xmpp/features.h"
#include "xmpp/jid.h"

enum pair_state { PAIR_NONE, PAIR_ASKED, PAIR_CHECKING, PAIR_VALID, PAIR_REFUSED };

struct pair {
	char local[JID_DOMAIN_SIZE];
	char remote[JID_DOMAIN_SIZE];
	bool outbound; /* ours to the peer; else the peer's to us */
	enum pair_state state;
	enum method method; /* by which it is, or would be, valid */
	uint64_t ticket;    /* of the check that runs */
};

struct verify { /* a key that the driver wants verified on this stream */
	uint64_t ticket;
	char local[JID_DOMAIN_SIZE];
	char remote[JID_DOMAIN_SIZE];
	char *id;  /* owned */
	char *key; /* owned; NULL once it was asked */
	struct verify *next;
};

struct negotiation {
	struct negotiation_config config;
	char local[JID_DOMAIN_SIZE];
	char remote[JID_DOMAIN_SIZE];  /* "" while a receiving stream does not know it */
	const struct partner *partner; /* of remote, or everyone; NULL = none */
	enum negotiation_state state;
	enum fail fail;	 /* why it is closing or dead */
	enum fail cause; /* what will have been the reason if the peer now goes away */
	char peer_error[32];
	char *stream_id; /* owned; of the receiving side's current header */
	const struct cert_facts *certificate;
	unsigned verification; /* by whose settings it was verified */
	bool weak;	       /* TLS is not as they ask for */
	const struct dane_facts *dane;
	bool tls;
	bool old;	    /* the peer's header has no version */
	bool headed;	    /* a header of the peer's was accepted on this connection */
	bool header_sent;   /* ours, on the current XML stream */
	bool authenticated; /* by SASL */
	bool external_failed;
	bool external_refused; /* by the peer */
	bool unoffered;	       /* STARTTLS was asked for without an offer */
	enum method method;
	struct features offered; /* initiating: by the peer */
	uint64_t last_ticket;
	uint64_t ticket;	  /* of the certificate or SASL question that is open; 0 = none */
	unsigned char *sasl_data; /* owned; of the last SASL question */
	char *key;		  /* owned; of the last dialback question */
	unsigned auth_failures;
	unsigned challenges;
	unsigned errors_sent;
	unsigned keys_answered; /* receiving: as the authoritative server */
	struct pair *pairs;	/* owned */
	unsigned pair_count;
	struct verify *verifies;	/* owned */
	struct negotiation_output *out; /* of the step that runs */
};

typedef void (*negotiation_handler_fn)(struct negotiation *n, const struct negotiation_event *ev);

/* negotiation.c: what handlers are made of */
void negotiation_enter(struct negotiation *n, enum negotiation_state state);
struct negotiation_action *negotiation_act(struct negotiation *n,
					   enum negotiation_action_type type);
/* The buffer to write to; what is appended until negotiation_written becomes a WRITE action. */
struct buf *negotiation_write(struct negotiation *n);
void negotiation_written(struct negotiation *n);
void negotiation_write_header(struct negotiation *n);
/* Ends it with a stream error, where the failure has one and the state lets it be written. */
void negotiation_fail(struct negotiation *n, enum fail fail);
/* Ends it with the closing tag alone. */
void negotiation_end(struct negotiation *n, enum fail fail);
void negotiation_dropped(struct negotiation *n, enum fail fail);
/* Does the event answer the open question? Then the question is closed. */
bool negotiation_answers(struct negotiation *n, const struct negotiation_event *ev);
void negotiation_ask_certificate(struct negotiation *n);
/* Keeps what a CERTIFICATE event tells. */
void negotiation_take_certificate(struct negotiation *n, const struct negotiation_event *ev);
/* Takes DATA. */
void negotiation_ask_sasl(struct negotiation *n, bool first, unsigned char *data, size_t len);
/* What is true of this stream, as the choosers want it; the certificate judged for DOMAIN. */
struct choose_facts negotiation_facts(const struct negotiation *n, const char *domain);
/* Content namespace and version of a header; sets old. */
enum fail negotiation_check_header(struct negotiation *n, const struct xml_header *header);
/* Keeps a copy of ID. FAIL_STREAM_ID: it is none that a key could be bound to; FAIL_NO_MEMORY. */
enum fail negotiation_set_id(struct negotiation *n, const char *id);
/* TEXT as a bare domain in normal form. */
bool negotiation_domain(const char *text, char out[JID_DOMAIN_SIZE]);
/* A piece of SASL as it stands in an element: NULL data for an empty one; "=" only where EQUALS allows it. Gives memory in
 * *OUT. FAIL_SASL_PROTOCOL: bad encoding; FAIL_NO_MEMORY. */
enum fail negotiation_sasl_data(const struct element *e, bool equals, unsigned char **out,
				size_t *len);

/*
 * invariants.c: what must hold after every step. Aborts where it does not, in builds with FEDGATE_CHECKS; else nothing.
 * NEXT: the states that the step was allowed to enter.
 */
void negotiation_check(const struct negotiation *n, const struct negotiation_event *ev,
		       enum negotiation_state before, unsigned next);

/* pairs.c */
struct pair *pair_find(const struct negotiation *n, const char *local, const char *remote,
		       bool outbound);
struct pair *pair_by_ticket(struct negotiation *n, uint64_t ticket);
/* NULL where there is no room or no memory. */
struct pair *pair_add(struct negotiation *n, const char *local, const char *remote, bool outbound);
bool pair_any(const struct negotiation *n, enum pair_state state);
void pairs_clear(struct negotiation *n);
void pair_up(struct negotiation *n, struct pair *p, enum method method);
void pair_down(struct negotiation *n, struct pair *p, enum fail fail);
/* The from and to of a dialback element in normal form; false: one is missing or no domain. */
bool pair_addresses(const struct element *e, char from[JID_DOMAIN_SIZE], char to[JID_DOMAIN_SIZE]);
/* Answers a db:result or db:verify: TYPE valid or invalid, or CONDITION of an error. */
void pair_answer(struct negotiation *n, const char *name, const char *local, const char *remote,
		 const char *id, const char *type, const char *condition);
const char *pair_condition(enum fail fail);
const char *pair_outcome_condition(enum dialback_outcome outcome);
void verifies_free(struct negotiation *n);

/* the handlers of the table, named as it prints them */
#define NEGOTIATION_HANDLERS(HANDLER) \
	HANDLER(initiating_connected) \
	HANDLER(initiating_header) \
	HANDLER(initiating_features) \
	HANDLER(initiating_proceed) \
	HANDLER(initiating_tls_failure) \
	HANDLER(initiating_tls_up) \
	HANDLER(initiating_certificate) \
	HANDLER(initiating_sasl) \
	HANDLER(initiating_success) \
	HANDLER(initiating_sasl_failure) \
	HANDLER(initiating_challenge) \
	HANDLER(initiating_result_answer) \
	HANDLER(initiating_verify) \
	HANDLER(initiating_verify_answer) \
	HANDLER(initiating_reverse_dialback) \
	HANDLER(receiving_connected) \
	HANDLER(receiving_header) \
	HANDLER(receiving_tls_up) \
	HANDLER(receiving_certificate) \
	HANDLER(receiving_starttls) \
	HANDLER(receiving_starttls_late) \
	HANDLER(receiving_auth) \
	HANDLER(receiving_auth_late) \
	HANDLER(receiving_sasl) \
	HANDLER(receiving_response) \
	HANDLER(receiving_abort) \
	HANDLER(receiving_sasl_stray) \
	HANDLER(receiving_result) \
	HANDLER(receiving_checked) \
	HANDLER(receiving_verify_request) \
	HANDLER(receiving_stanza)

#define NEGOTIATION_DECLARE(name) \
	void name(struct negotiation *n, const struct negotiation_event *ev);
NEGOTIATION_HANDLERS(NEGOTIATION_DECLARE)
#undef NEGOTIATION_DECLARE

#endif
