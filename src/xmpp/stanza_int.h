/* stanza, for the writer that makes one. */
#ifndef XMPP_STANZA_INT_H
#define XMPP_STANZA_INT_H

#include "xmpp/stanza.h"

/* Where things lie in one run of bytes: the values of the envelope, each with its NUL, and behind them the stanza. */
struct stanza_layout {
	enum stanza_kind kind;
	uint32_t from; /* offset + 1; 0 = absent */
	uint32_t to;
	uint32_t id;
	uint32_t type;
	uint32_t bytes; /* offset */
};

/* Copies DATA, which has less than 4 GiB. NULL when memory runs out. */
struct stanza *stanza_make(const struct stanza_layout *layout, const char *data, size_t len);

#endif
