/*
 * element: small trees, for the few elements of negotiation.
 *
 * Built by xml_stream in an arena of the caller's, valid until that arena is cleared; read-only for everyone else.
 * Names are expanded names: a namespace (never NULL, "" = none) and a local name.
 */
#ifndef XMPP_ELEMENT_H
#define XMPP_ELEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

struct element_attribute {
	const char *ns; /* "" for an attribute without a prefix */
	const char *name;
	const char *value;
	struct element_attribute *next;
};

struct element {
	const char *ns;
	const char *name;
	struct element_attribute *attributes;
	struct element *children; /* elements only, in document order */
	struct element *next;
	const char *text; /* this element's own character data, joined; "" where there is none */
	size_t text_len;
};

bool element_is(const struct element *e, const char *ns, const char *name);
/* The value of the attribute NAME without a namespace; NULL where there is none. */
const char *element_attribute(const struct element *e, const char *name);
/* The first child of that expanded name; NS may be NULL: any. NULL where there is none. */
const struct element *element_child(const struct element *e, const char *ns, const char *name);

#endif
