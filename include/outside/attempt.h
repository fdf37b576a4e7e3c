/* attempt: how one negotiation with the outside ended, as plain data. */
#ifndef OUTSIDE_ATTEMPT_H
#define OUTSIDE_ATTEMPT_H

#include <stdint.h>

#include "base/fail.h"
#include "negotiation/negotiation.h"
#include "policy/matrix.h"
#include "trust/reason.h"

struct attempt {
	char local[JID_DOMAIN_SIZE], remote[JID_DOMAIN_SIZE]; /* "" where not known */
	enum negotiation_role role;
	int64_t at;	       /* wall clock, seconds */
	uint64_t took_ms;      /* until it opened or failed */
	unsigned row;	       /* 0 = not known */
	enum fail fail;	       /* FAIL_NONE: it opened */
	enum method method;    /* METHOD_NONE where it did not open */
	enum fail certificate; /* of the peer's certificate; FAIL_NONE: valid, or not in TLS */
	char dane
		[32]; /* what TLSA records say of it: a match, or a failure; "" where DNS proves nothing */
	char certificate_error[REASON_SIZE]; /* what is wrong with it, in words; "" */
	bool external_refused;		     /* the peer refused ours for SASL EXTERNAL */
	bool lacks_client_usage;	     /* which may identify servers alone */
	char address[64];		     /* "" where none was reached */
	char tls_version[16], cipher[64];    /* "" in clear */
	char peer_error[64];		     /* the condition of the peer's stream error; "" */
	char detail[200];		     /* more, in the words of a library; "" */
};

#endif
