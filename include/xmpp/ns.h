/* ns: the namespaces of the protocols, as they stand on the wire. */
#ifndef XMPP_NS_H
#define XMPP_NS_H

#define NS_XML "http://www.w3.org/XML/1998/namespace"
#define NS_STREAM "http://etherx.jabber.org/streams"
#define NS_STREAM_ERRORS "urn:ietf:params:xml:ns:xmpp-streams"
#define NS_STANZA_ERRORS "urn:ietf:params:xml:ns:xmpp-stanzas"
#define NS_SERVER "jabber:server"
#define NS_COMPONENT "jabber:component:accept"
#define NS_TLS "urn:ietf:params:xml:ns:xmpp-tls"
#define NS_SASL "urn:ietf:params:xml:ns:xmpp-sasl"
#define NS_DIALBACK "jabber:server:dialback"
#define NS_DIALBACK_FEATURE "urn:xmpp:features:dialback"
#define NS_LIMITS "urn:xmpp:stream-limits:0"
#define NS_ERRORS "urn:xmpp:errors"

#endif
