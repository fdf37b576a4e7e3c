/*
 * compose: the few things that a negotiation writes, as bytes.
 *
 * Every text from outside is escaped. Failures of the buffer are sticky: the caller checks it once. Pure; any thread.
 */
#ifndef XMPP_COMPOSE_H
#define XMPP_COMPOSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct compose_header { /* NULL = leave the attribute out */
	const char *from;
	const char *to;
	const char *id;
	bool version; /* write version='1.0' */
};

/* Opens a stream in jabber:server, with the dialback prefix declared [XEP-0220 2.1.1]. */
void compose_header(struct buf *out, const struct compose_header *header);
/* Opens a stream in jabber:component:accept, which has no version. [XEP-0114 3] */
void compose_component_header(struct buf *out, const char *from, const char *id);
void compose_footer(struct buf *out);
/* CONDITION of RFC 6120 4.9.3; TEXT may be NULL; APPLICATION an element's name in urn:xmpp:errors, or NULL. */
void compose_stream_error(struct buf *out, const char *condition, const char *text,
			  const char *application);

/* An empty element: <starttls/>, <proceed/>, <failure/> of STARTTLS. */
void compose_tls(struct buf *out, const char *name);

/* <auth/>, <challenge/>, <response/>, <success/>. DATA NULL = no content; length 0 = "=" in an <auth/>, nothing elsewhere
 * [RFC6120 6.4.2]. MECHANISM only for <auth/>, else NULL. */
void compose_sasl(struct buf *out, const char *name, const char *mechanism, const void *data,
		  size_t len);
void compose_sasl_failure(struct buf *out, const char *condition);

/* db:result or db:verify (NAME without prefix); ID, TYPE, TEXT may be NULL. */
struct compose_dialback {
	const char *name;
	const char *from;
	const char *to;
	const char *id;
	const char *type;
	const char *text;      /* the key */
	const char *condition; /* of type 'error' [XEP-0220 2.5] */
};
void compose_dialback(struct buf *out, const struct compose_dialback *d);

#endif
