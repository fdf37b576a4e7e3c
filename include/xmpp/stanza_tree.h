/*
 * stanza_tree: the few stanzas that are answered here, read as trees.
 *
 * What only passes through is never read again; an answer needs to know what was asked. Pure; any thread.
 */
#ifndef XMPP_STANZA_TREE_H
#define XMPP_STANZA_TREE_H

#include "xmpp/element.h"
#include "xmpp/stanza.h"

/*
 * Calls FN once with the root of S, which lives until it returns. What S has in the content namespace of any stream is in
 * jabber:server here. 0; -FAIL_NO_MEMORY, or -FAIL_XML_TOO_BIG for a tree larger than any that is of use, without a call.
 */
typedef void (*stanza_tree_fn)(void *context, const struct element *root);
int stanza_tree(const struct stanza *s, stanza_tree_fn fn, void *context) must_check;

#endif
