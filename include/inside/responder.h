/*
 * responder: what answers in the place of something inside.
 *
 * For stanzas to the bare domain, and to whatever else of a local domain while nothing is attached for it. So a partner can
 * test the federation before there is anything to talk to. Pure; any thread.
 *
 *	to the bare domain	ping [XEP-0199], version [XEP-0092, without the operating system], disco#info with contact
 *				addresses [XEP-0030, XEP-0157], disco#items (none)
 *	all other requests	service-unavailable, the same for bare and full JIDs, so that nobody learns which exist
 *				[RFC6120 13.11]
 *	malformed requests	bad-request [RFC6120 8.2.3]
 *	messages		service-unavailable; headlines are dropped [RFC6121 8.5.2.2.1]
 *	presence		dropped, but for a request to subscribe: see responder_answer
 *	errors and results	dropped [RFC6120 8.2.3, 8.3.1]
 */
#ifndef INSIDE_RESPONDER_H
#define INSIDE_RESPONDER_H

#include <stdbool.h>

#include "config/config.h"
#include "xmpp/stanza.h"

struct responder_info {
	const char *version;		    /* of ourselves */
	const struct config_domain *domain; /* whose contact addresses are told; NULL = none */
};

/* A request (iq get or set) to a bare domain: what the responder answers even when something is attached, if the gateway is
 * so set up. */
bool responder_is_asked(const struct stanza *s);
/* Gives the answer, from and to swapped; NULL where there is none to give, or memory ran out: S is dropped. */
struct stanza *responder_answer(const struct stanza *s, const struct responder_info *info);

#endif
