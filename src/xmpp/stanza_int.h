/* stanza, for the writer that makes one. */
#ifndef XMPP_STANZA_INT_H
#define XMPP_STANZA_INT_H

#include "xmpp/stanza.h"

/* Where the values lie in the envelope, each with its NUL: offset + 1, 0 = absent. */
struct stanza_layout {
	enum stanza_kind kind;
	uint32_t from;
	uint32_t to;
	uint32_t id;
	uint32_t type;
};

/* Copies the envelope, less than 4 GiB, and the bytes. NULL when memory runs out. */
struct stanza *stanza_make(const struct stanza_layout *layout, const struct buf *envelope,
			   const struct buf *bytes);

#endif
