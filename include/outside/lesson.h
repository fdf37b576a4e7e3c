/* lesson: what a stream teaches about the domain at its other end, as plain data. */
#ifndef OUTSIDE_LESSON_H
#define OUTSIDE_LESSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fail.h"
#include "negotiation/negotiation.h"
#include "trust/cert_facts.h"

struct lesson {
	char remote[JID_DOMAIN_SIZE];
	enum negotiation_role role;
	int64_t at;	    /* wall clock, seconds */
	enum method method; /* by which a pair came up; where FAIL: by which it would have */
	enum fail
		fail; /* FAIL_NONE, or FAIL_CERT_PIN or FAIL_DOWNGRADE_REFUSED: it was refused for that */
	bool certificate; /* its own was seen: */
	struct cert_leaf leaf;
	char names[CERT_NAMES_TEXT];
};

#endif
