/*
 * cert_name: does a certificate name a domain? [RFC6120 13.7.1.2] [RFC6125 6.4]
 *
 * dNSName (a wildcard only as the whole left-most label, for exactly one label, and with two more labels behind it: "*.org"
 * names nobody), SRVName of _xmpp-server (no wildcard), XmppAddr that is a bare domain. Never the Common Name. Names are
 * compared in the normal form of xmpp/jid; a dNSName or SRVName outside ASCII is none, and neither matches an IP literal.
 * A certificate with a NUL byte in any name, or more than CERT_NAMES_MAX names, has no usable name. Pure; any thread.
 */
#ifndef TRUST_CERT_NAME_H
#define TRUST_CERT_NAME_H

#include <stdbool.h>

#include "trust/cert_facts.h"
#include "xmpp/jid.h"

/* DOMAIN is in normal form. */
bool cert_name_matches(const struct cert_facts *facts, const char *domain);
/* The same for a host, which only a dNSName can name. */
bool cert_name_matches_host(const struct cert_facts *facts, const char *host);
/* One name against DOMAIN. */
bool cert_name_matches_one(const struct cert_name *name, const char *domain);

#endif
