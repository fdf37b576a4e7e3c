/*
 * stanza: one message, presence or iq as canonical bytes with its envelope.
 *
 * Immutable and reference-counted (atomically: it may be written by any thread, to many). The bytes are re-serialised from
 * the parser's own events, so what is forwarded is what was understood. They carry no declaration of the content
 * namespace: the root and every descendant in the source stream's content namespace (jabber:server or
 * jabber:component:accept) are written unprefixed and undeclared, so the same bytes stand in a stream of either kind.
 * Prefixes that the source stream's header declared are declared again where they are used. xml:lang of the stream
 * header is put on a root that has none. CR, and in attributes TAB and LF, stay character references.
 */
#ifndef XMPP_STANZA_H
#define XMPP_STANZA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fail.h"

enum stanza_kind { STANZA_MESSAGE, STANZA_PRESENCE, STANZA_IQ };

struct stanza_span { /* of the bytes; the attribute's value as it stands there, still escaped; len 0 = no attribute */
	uint32_t offset;
	uint32_t len;
};

struct stanza;

struct stanza *stanza_get(struct stanza *s); /* one more reference; returns S */
void stanza_put(struct stanza *s);	     /* NULL is allowed */

enum stanza_kind stanza_kind(const struct stanza *s);
const char *stanza_kind_str(enum stanza_kind kind);
const char *stanza_bytes(const struct stanza *s, size_t *len);
/* The value of a root attribute, unescaped, NUL-terminated, owned by S; NULL where it is absent. */
const char *stanza_from(const struct stanza *s);
const char *stanza_to(const struct stanza *s);
const char *stanza_id(const struct stanza *s);
const char *stanza_type(const struct stanza *s);
/* Of type error, or an iq of type result: what is never answered with an error. [HAZARDS R07 in our tests] */
bool stanza_is_final(const struct stanza *s);

/*
 * The error stanza that answers S: kind and id kept, from and to swapped, type='error', and <error type='TYPE'> with the
 * RFC 6120 8.3.3 CONDITION and, where TEXT is not NULL, a text. Gives a new stanza, or NULL for a final S or no memory.
 */
struct stanza *stanza_bounce(const struct stanza *s, const char *type, const char *condition,
			     const char *text);

#endif
