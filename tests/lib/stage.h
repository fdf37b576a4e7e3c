/*
 * stage: one stream of ours with a peer whose certificate is good, driven event by event.
 *
 * For tests of the negotiation that say what happens and read what was done. A stage is embedded; all that it says stays
 * valid until its next event. A stage on which a step fails that must not aborts.
 */
#ifndef TESTS_STAGE_H
#define TESTS_STAGE_H

#include "negotiation/negotiation.h"
#include "xmpp/ns.h"

#define US "us.example"	    /* ours, like also.example */
#define PEER "peer.example" /* the first partner; other.example is another, by row 9 */
#define OPEN \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:server' " \
	"xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback'"
#define FOOTER "</stream:stream>"
#define ATTRIBUTES_MAX 8

struct stage {
	struct policy policy;
	struct dialback_secret secret;
	struct negotiation_config config;
	struct negotiation *n;
	struct negotiation_output out;
	struct cert_name name;
	struct cert_facts certificate;
	struct element element, child;
	struct element_attribute attributes[ATTRIBUTES_MAX];
	struct xml_header header;
	uint64_t ticket; /* the last that was asked */
	char text[4096]; /* what show() says */
};

/* The partner PEER by ROW. */
void stage_init(struct stage *s, enum negotiation_role role, int row);
/* A new stream on the same stage, with what changed in its config. */
void stage_again(struct stage *s);
void stage_fini(struct stage *s);
/* The step; keeps the ticket that it asked with. */
int stage_step(struct stage *s, const struct negotiation_event *ev);
/* An event that needs nothing, or the last ticket and the certificate. */
void stage_go(struct stage *s, enum negotiation_event_type type);
void stage_shut(struct stage *s, enum fail fail);
/* What the library says to the last ticket; for a receiving stream DATA is the identity too. */
void stage_sasl(struct stage *s, enum sasl_outcome outcome, const char *data);
void stage_checked(struct stage *s, enum dialback_outcome outcome, uint64_t ticket);
int stage_verify(struct stage *s, uint64_t ticket, const char *local, const char *remote,
		 const char *id, const char *key);
/* A header of the peer's. */
void stage_header_of(struct stage *s, const char *from, const char *to, const char *version);
/* From PEER to US. */
void stage_header(struct stage *s);
/* Makes the element NAME in NS with TEXT; pairs of attributes follow, NULL ends them. */
const struct element *stage_make(struct stage *s, const char *ns, const char *name,
				 const char *text, ...);
/* Gives the element that was made a child. */
void stage_with_child(struct stage *s, const char *ns, const char *name);
/* The element that was made, as the event that it is. */
void stage_say(struct stage *s);
void stage_say_empty(struct stage *s, const char *ns, const char *name);
void stage_say_result(struct stage *s, const char *from, const char *to, const char *key);
/* A db:result or db:verify from PEER with that type; ID may be NULL. */
void stage_say_type(struct stage *s, const char *name, const char *id, const char *type);
/* Features with that child; NAME may be NULL. */
void stage_offer(struct stage *s, const char *ns, const char *name);
void stage_offer_external(struct stage *s);
/* All that the last step said, as one line. */
const char *stage_show(struct stage *s);
/* Asserts, with cmocka, the state and that line. */
#define stage_expect(s, state, want) \
	do { \
		assert_string_equal(stage_show(s), want); \
		assert_string_equal(negotiation_state_str(negotiation_state((s)->n)), \
				    negotiation_state_str(state)); \
	} while (0)
/* A new stream, of row 9, driven into STATE. False: this role has no such state. */
bool stage_reach(struct stage *s, enum negotiation_state state);
void stage_broken(struct stage *s, enum fail fail);

#endif
