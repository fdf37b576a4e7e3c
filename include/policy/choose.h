/*
 * choose: the three decisions that read the matrix; nobody else does.
 *
 * Pure functions of a partner's policy and of facts. PARTNER NULL stands for "not known": a header without 'from' where no
 * partner "*" is configured. A certificate is valid when its chain and its identity both hold; why it is not is passed
 * through as the failure. Any thread.
 */
#ifndef POLICY_CHOOSE_H
#define POLICY_CHOOSE_H

#include <stdbool.h>

#include "base/fail.h"
#include "policy/partner.h"

struct choose_facts {
	bool tls;     /* the stream is inside TLS */
	bool can_tls; /* we have a certificate for the local domain */
	enum fail
		certificate;  /* FAIL_NONE: the peer's certificate is valid; only read inside TLS */
	bool weak;	      /* TLS is not as the partner's settings ask for */
	bool external_failed; /* SASL EXTERNAL was tried on this stream and failed */
	bool verify_only;     /* the stream is for db:verify: it authenticates nothing */
	bool tls_demanded;    /* whatever the row: direct TLS with the peer failed before */
	bool old;	  /* the peer's header has no version: no features, no STARTTLS, no SASL */
	enum method best; /* that the domain used before in this role; METHOD_NONE: not known */
};

/* What a receiving stream advertises. */
struct offer {
	bool starttls;
	bool starttls_required;
	bool external;
	bool dialback;
};

struct offer choose_offer(const struct partner *partner, const struct choose_facts *facts);

/* What an initiating stream does next about the features it was offered. PARTNER is not NULL. */
enum next_step { NEXT_FAIL, NEXT_STARTTLS, NEXT_EXTERNAL, NEXT_DIALBACK };

struct next {
	enum next_step step;
	enum fail fail; /* of NEXT_FAIL */
	bool unoffered; /* STARTTLS is tried although it was not offered [RFC7590 3.1] */
};

struct next choose_next(const struct partner *partner, const struct offer *offered,
			const struct choose_facts *facts);

/* Whether a receiving stream goes along with what the peer asks: FAIL_NONE or the reason why not. */
enum request {
	REQUEST_STREAM,	  /* its header; PARTNER by the header's 'from' */
	REQUEST_STARTTLS, /* PARTNER by the header's 'from' */
	REQUEST_EXTERNAL, /* PARTNER by the header's 'from' */
	REQUEST_DIALBACK, /* db:result or db:verify; PARTNER by the element's 'from' */
	REQUEST_STANZA	  /* before anything is authorised: never, but for different reasons */
};

enum fail choose_accept(const struct partner *partner, const struct choose_facts *facts,
			enum request request);

/*
 * Is METHOD weaker than what was to be expected: the strongest one of the row that is no better than BEST? A row that no
 * longer permits what was used before is the operator's choice, and no downgrade.
 */
bool choose_is_downgrade(const struct row *row, enum method best, enum method method);

/* The dialback method of a stream as it stands. */
enum method choose_dialback_method(bool tls);

const char *next_step_str(enum next_step step);
const char *request_str(enum request request);

#endif
