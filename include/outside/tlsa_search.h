/*
 * tlsa_search: what DNS securely says of a domain's servers and of their certificates. [RFC7673 3]
 *
 * Only what was proven by signatures is kept: hosts that the domain delegates to, and their TLSA records, which are asked
 * for only where the host's address is signed as well (a zone that is not need not understand the question). Records of
 * several servers are one set. It has a time limit of its own. Belongs to its worker's thread and to whoever made it; uses the
 * worker's resolver, and logs records that it leaves out.
 */
#ifndef OUTSIDE_TLSA_SEARCH_H
#define OUTSIDE_TLSA_SEARCH_H

#include "outside/outside.h"
#include "trust/dane.h"

struct tlsa_search;

/* It is done: tlsa_search_facts has the facts. Once, from the loop. */
typedef void (*tlsa_search_fn)(void *context);

/* Of one server, HOST, that DOMAIN securely delegates to (or that is DOMAIN itself, securely without SRV records). NULL when
 * memory runs out. */
struct tlsa_search *tlsa_search_server(struct outside *o, const char *domain, const char *host,
				       uint16_t port, tlsa_search_fn fn, void *context);
/* Of all servers that DOMAIN's SRV records name. NULL when memory runs out. */
struct tlsa_search *tlsa_search_domain(struct outside *o, const char *domain, tlsa_search_fn fn,
				       void *context);
void tlsa_search_free(struct tlsa_search *t); /* NULL is allowed; no call of FN comes */

bool tlsa_search_is_done(const struct tlsa_search *t);
/* Compares what was found with the peer's certificates. */
void tlsa_search_compare(struct tlsa_search *t, const struct dane_chain *chain);
/* Are there records to compare with? */
bool tlsa_search_found(const struct tlsa_search *t);
/* Once done; lives as long as T. NULL: DNS proves nothing about the domain. */
const struct dane_facts *tlsa_search_facts(const struct tlsa_search *t);
/* What the resolver said where something failed; "" */
const char *tlsa_search_reason(const struct tlsa_search *t);

#endif
