/*
 * stanza: one message, presence or iq as canonical bytes with its envelope.
 *
 * Immutable and reference-counted (atomically: it may be written by any thread, to many). The bytes are re-serialised from
 * the parser's own events, so what is forwarded is what was understood. Their form:
 *
 * - The root and every descendant in the source stream's content namespace (jabber:server or jabber:component:accept) are
 *   written unprefixed and undeclared, so the same bytes stand in a stream of either kind. Only the content namespace is
 *   mapped so; every other, jabber:client too, keeps its name.
 * - Other elements keep their prefix, or the default namespace they declare; declarations stay where they stood. Prefixes
 *   that the stream's header declared are declared again where they are used.
 * - Where an element of the content namespace stands below a changed default namespace, the whole stanza is written with
 *   generated prefixes (n0, n1, ...) in place of foreign default namespaces, so that it too stays undeclared.
 * - Two things cannot be mapped and keep the namespace they came in by naming it: an attribute in the content namespace,
 *   and an element of the content namespace below one in no namespace (which can have no prefix).
 * - xml:lang of the stream's header is put on a root that has none [RFC6120 8.1.5].
 * - CDATA becomes text; CR, and in attributes TAB and LF, are character references, so every character is kept.
 */
#ifndef XMPP_STANZA_H
#define XMPP_STANZA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fail.h"

enum stanza_kind { STANZA_MESSAGE, STANZA_PRESENCE, STANZA_IQ };

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
/* Of type error, or an iq of type result: what is never answered with an error. */
bool stanza_is_final(const struct stanza *s);

/* The root of a stanza of our own: NULL = leave the attribute out. */
struct stanza_root {
	enum stanza_kind kind;
	const char *type;
	const char *id;
	const char *from;
	const char *to;
};

/* A stanza of our own; attributes are escaped here. INNER: what stands between its tags, well-formed, its namespaces as in
 * canonical form; "" = nothing. NULL when memory runs out. */
struct stanza *stanza_new(const struct stanza_root *root, const char *inner, size_t len);

/*
 * The error stanza that answers S: kind and id kept, from and to swapped, type='error', and <error type='TYPE'> with the
 * RFC 6120 8.3.3 CONDITION and, where TEXT is not NULL, a text. Gives a new stanza, or NULL for a final S or no memory.
 */
struct stanza *stanza_bounce(const struct stanza *s, const char *type, const char *condition,
			     const char *text);

#endif
