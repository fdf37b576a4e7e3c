/*
 * The failure list: one row per failure, the only place where a failure's consequences are written.
 *
 * FAIL(NAME, slug, stream error, bounce type, bounce condition, retry, level, visible, sentence)
 *
 * slug		stable: in the log, the history, metrics and the tool's output
 * stream error	RFC 6120 4.9.3 condition, "" = close the socket without XML
 * bounce	stanza error for what was queued: type and RFC 6120 8.3.3 condition, "" = nothing to bounce
 * retry	NEVER (another try ends the same way), LATER (after back-off), NEXT (the next address may do)
 * level	log level of the event
 * visible	1 = the peer may be told the sentence, 0 = it gets the bare condition
 * sentence	for people
 */
/* clang-format off */
#define FAIL_LIST(FAIL) \
/* ourselves */ \
FAIL(NO_MEMORY, "no-memory", "resource-constraint", "wait", "resource-constraint", LATER, ERROR, 0, \
	"Memory ran out or a budget was exhausted.") \
FAIL(BUDGET, "budget-exceeded", "policy-violation", "wait", "resource-constraint", LATER, WARNING, 0, \
	"A size limit was reached.") \
FAIL(INTERNAL, "internal", "internal-server-error", "wait", "internal-server-error", LATER, ERROR, 0, \
	"Something happened that should be impossible; please report it.") \
FAIL(INVALID_ARGUMENT, "invalid-argument", "internal-server-error", "", "", NEVER, ERROR, 0, \
	"A value is not of the required form.") \
FAIL(CONFIG, "config", "", "", "", NEVER, ERROR, 0, \
	"The configuration is not valid.") \
FAIL(IO, "io", "", "", "", LATER, ERROR, 0, \
	"A file could not be read or written.") \
/* finding and reaching the peer */ \
FAIL(DNS_NOT_FOUND, "dns-not-found", "", "cancel", "remote-server-not-found", LATER, WARNING, 0, \
	"The domain, or a host that it names for XMPP, does not exist in DNS.") \
FAIL(DNS_NO_SERVICE, "dns-no-service", "", "cancel", "remote-server-not-found", LATER, WARNING, 0, \
	"The domain says in DNS that it offers no XMPP service, or names no host that can be used.") \
FAIL(DNS_FAILED, "dns-failed", "remote-connection-failed", "wait", "remote-server-timeout", LATER, WARNING, 0, \
	"The resolvers gave no usable answer.") \
FAIL(DNS_TIMEOUT, "dns-timeout", "remote-connection-failed", "wait", "remote-server-timeout", LATER, WARNING, 0, \
	"The resolvers did not answer in time.") \
FAIL(DNS_BOGUS, "dns-bogus", "remote-connection-failed", "wait", "remote-server-timeout", LATER, WARNING, 0, \
	"The answer of DNS is forged, or its signatures are broken.") \
FAIL(CONNECT_REFUSED, "connect-failed", "", "wait", "remote-server-timeout", NEXT, WARNING, 0, \
	"No address of the domain accepts connections.") \
FAIL(CONNECT_TIMEOUT, "connect-timeout", "", "wait", "remote-server-timeout", NEXT, WARNING, 0, \
	"No address of the domain answered in time.") \
FAIL(OWN_ADDRESS, "own-address", "", "cancel", "remote-server-not-found", LATER, WARNING, 0, \
	"The domain leads to an address of this gateway itself.") \
FAIL(PRIVATE_ADDRESS, "private-address", "", "cancel", "remote-server-not-found", LATER, WARNING, 0, \
	"DNS names addresses for the domain that are not of the public network; dns: refuse-private-addresses says to refuse them.") \
FAIL(NO_DESCRIPTORS, "no-descriptors", "", "wait", "remote-server-timeout", LATER, ERROR, 0, \
	"The process may open no more files or connections.") \
/* limits, queues and the inside */ \
FAIL(CONNECTION_LIMIT, "connection-limit", "resource-constraint", "wait", "resource-constraint", LATER, WARNING, 1, \
	"There are as many connections as allowed.") \
FAIL(QUEUE_FULL, "queue-full", "", "wait", "resource-constraint", LATER, WARNING, 0, \
	"More stanzas wait for the domain than queue-limit and queue-bytes allow.") \
FAIL(QUEUE_TIMEOUT, "queue-timeout", "", "wait", "remote-server-timeout", LATER, WARNING, 0, \
	"The stanza waited longer than queue-timeout.") \
FAIL(WRITE_STALLED, "write-stalled", "connection-timeout", "wait", "remote-server-timeout", LATER, WARNING, 0, \
	"The other side does not read what is sent to it.") \
FAIL(KEEPALIVE, "keepalive", "connection-timeout", "wait", "remote-server-timeout", LATER, NOTICE, 1, \
	"The peer sent nothing at all for keepalive-interval.") \
FAIL(INSIDE_ABSENT, "inside-absent", "", "cancel", "service-unavailable", LATER, NOTICE, 0, \
	"Nothing inside is attached for the domain.") \
FAIL(COMPONENT_HANDSHAKE, "component-handshake", "not-authorized", "", "", LATER, WARNING, 1, \
	"The component's handshake does not fit its secret.") \
FAIL(COMPONENT_CONFLICT, "component-conflict", "conflict", "", "", LATER, WARNING, 1, \
	"A component is attached for the domain already.") \
FAIL(STANZA_TOO_BIG_FOR_PEER, "stanza-too-big-for-peer", "", "modify", "policy-violation", NEVER, NOTICE, 1, \
	"The stanza is larger than what the peer said it accepts.") \
/* XML */ \
FAIL(XML_NOT_WELL_FORMED, "xml-not-well-formed", "not-well-formed", "wait", "remote-server-timeout", LATER, NOTICE, 1, \
	"The peer sent XML that is not well-formed.") \
FAIL(XML_RESTRICTED, "xml-restricted", "restricted-xml", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The peer sent a document type, a comment or a processing instruction, which XMPP forbids.") \
FAIL(XML_ENCODING, "xml-encoding", "unsupported-encoding", "wait", "remote-server-timeout", LATER, NOTICE, 1, \
	"The peer's XML is not in UTF-8.") \
FAIL(XML_INVALID, "xml-invalid", "invalid-xml", "wait", "remote-server-timeout", LATER, NOTICE, 1, \
	"The peer sent XML that is not valid in an XMPP stream.") \
FAIL(XML_NAMESPACE, "xml-namespace", "invalid-namespace", "wait", "remote-server-timeout", LATER, NOTICE, 1, \
	"The peer opened the stream with a wrong namespace.") \
FAIL(XML_TOO_BIG, "stanza-too-big", "policy-violation", "wait", "remote-server-timeout", LATER, NOTICE, 1, \
	"The peer sent an element that is larger than allowed.") \
FAIL(XML_TOO_DEEP, "xml-too-deep", "policy-violation", "wait", "remote-server-timeout", LATER, NOTICE, 1, \
	"The peer sent an element that is nested too deeply.") \
FAIL(XML_ATTRIBUTES, "xml-attributes", "policy-violation", "wait", "remote-server-timeout", LATER, NOTICE, 1, \
	"The peer sent a tag with too many attributes or too long names.") \
FAIL(XML_FLOOD, "xml-flood", "policy-violation", "wait", "remote-server-timeout", LATER, NOTICE, 1, \
	"The peer sent more bytes than a negotiation needs.") \
/* the stream */ \
FAIL(UNSUPPORTED_VERSION, "unsupported-version", "unsupported-version", "wait", "remote-server-timeout", LATER, NOTICE, 1, \
	"The peer speaks a version of XMPP that is not supported here.") \
FAIL(IMPROPER_ADDRESSING, "improper-addressing", "improper-addressing", "wait", "remote-server-timeout", LATER, NOTICE, 1, \
	"An address is missing, malformed, or changed in the middle of the stream.") \
FAIL(HOST_UNKNOWN, "host-unknown", "host-unknown", "cancel", "remote-server-not-found", NEVER, NOTICE, 1, \
	"The peer asked for a domain that is not served here.") \
FAIL(STREAM_ID, "stream-id-missing", "undefined-condition", "wait", "remote-server-timeout", LATER, NOTICE, 1, \
	"The peer's stream header has no id.") \
FAIL(UNEXPECTED, "unexpected-element", "unsupported-stanza-type", "wait", "remote-server-timeout", LATER, NOTICE, 1, \
	"The peer sent an element that has no place at this point of the negotiation.") \
FAIL(NOT_AUTHORIZED, "not-authorized", "not-authorized", "wait", "remote-server-timeout", LATER, NOTICE, 1, \
	"The peer sent a stanza before it was authenticated.") \
FAIL(INVALID_FROM, "invalid-from", "invalid-from", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The peer sent a stanza from a domain that is not authorised on this stream.") \
FAIL(JID_MALFORMED, "jid-malformed", "improper-addressing", "modify", "jid-malformed", NEVER, NOTICE, 1, \
	"An address is not a valid JID.") \
/* policy */ \
FAIL(PARTNER_UNKNOWN, "partner-not-allowed", "policy-violation", "cancel", "forbidden", NEVER, NOTICE, 1, \
	"The domain is not a partner of this gateway.") \
FAIL(TLS_NOT_OFFERED, "tls-not-offered", "policy-violation", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The partner's row demands TLS and the peer does not offer it.") \
FAIL(TLS_REQUIRED, "tls-required", "policy-violation", "wait", "remote-server-timeout", LATER, NOTICE, 1, \
	"The partner's row demands TLS before anything else.") \
FAIL(TLS_REFUSED, "tls-refused", "policy-violation", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The peer offered TLS and then refused to start it.") \
FAIL(TLS_NOT_SUPPORTED, "tls-not-supported", "policy-violation", "wait", "remote-server-timeout", LATER, NOTICE, 1, \
	"The partner's row says tls: not-supported, which is the operator's own choice, and the peer uses TLS.") \
FAIL(TLS_NO_CERTIFICATE, "tls-no-certificate", "policy-violation", "wait", "remote-server-timeout", LATER, ERROR, 0, \
	"There is no usable certificate for our own domain, so TLS cannot be offered.") \
FAIL(TLS_HANDSHAKE, "tls-handshake", "", "wait", "remote-server-timeout", NEXT, WARNING, 0, \
	"The TLS handshake failed; it is never tried again in clear.") \
FAIL(TLS_WEAK, "tls-weak", "policy-violation", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The version or the cipher of TLS is not one of those that are asked of the partner.") \
FAIL(TLS_INJECTION, "tls-injection", "", "wait", "remote-server-timeout", LATER, WARNING, 0, \
	"Plain text followed the request for TLS or its answer: somebody may be injecting data.") \
FAIL(TLS_TWICE, "tls-twice", "policy-violation", "wait", "remote-server-timeout", LATER, NOTICE, 1, \
	"The peer asked for STARTTLS inside TLS.") \
FAIL(NO_METHOD, "no-common-method", "policy-violation", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"None of the methods that the partner's row allows works with what the peer offers.") \
FAIL(METHOD_REFUSED, "method-not-allowed", "policy-violation", "wait", "remote-server-timeout", LATER, NOTICE, 1, \
	"The partner's row does not allow the method that the peer asked for.") \
FAIL(DOWNGRADE_REFUSED, "downgrade-refused", "policy-violation", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The peer came by a weaker method than it used before, and ratchet is set for it.") \
/* certificates */ \
FAIL(CERT_MISSING, "certificate-missing", "not-authorized", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The peer presented no certificate.") \
FAIL(CERT_EXPIRED, "certificate-expired", "not-authorized", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The peer's certificate, or one that signed it, has expired.") \
FAIL(CERT_NOT_YET, "certificate-not-yet-valid", "not-authorized", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The peer's certificate, or one that signed it, is not valid yet.") \
FAIL(CERT_SELF_SIGNED, "certificate-self-signed", "not-authorized", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The peer's certificate is signed by itself.") \
FAIL(CERT_UNTRUSTED, "certificate-untrusted", "not-authorized", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The peer's certificate comes from an authority that is not among the trust anchors, or an intermediate is missing.") \
FAIL(CERT_REVOKED, "certificate-revoked", "not-authorized", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The peer's certificate has been revoked.") \
FAIL(CERT_NO_CRL, "certificate-no-crl", "not-authorized", "wait", "remote-server-timeout", LATER, WARNING, 0, \
	"crl-check is hard, and no revocation list in force covers the peer's certificate or one that signed it.") \
FAIL(CERT_PURPOSE, "certificate-purpose", "not-authorized", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The peer's certificate may not identify a server: its extended usages lack serverAuth.") \
FAIL(CERT_WEAK, "certificate-weak", "not-authorized", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"A key or signature in the peer's certificate chain is too weak.") \
FAIL(CERT_CHAIN, "certificate-chain", "not-authorized", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The peer's certificate chain could not be verified.") \
FAIL(CERT_SETTINGS, "certificate-settings", "not-authorized", "wait", "remote-server-timeout", LATER, WARNING, 0, \
	"The certificate was verified for another partner, whose settings differ: this one must come on a stream of its own.") \
FAIL(CERT_NAME, "certificate-name", "not-authorized", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The peer's certificate does not name the peer's domain.") \
FAIL(CERT_PIN, "certificate-pin", "not-authorized", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The peer's certificate has another key than the one that is pinned for its domain.") \
FAIL(DANE_MISSING, "dane-missing", "not-authorized", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The partner has dane: required, and DNS holds no TLSA record for it that is signed and can be used.") \
FAIL(DANE_MISMATCH, "dane-mismatch", "not-authorized", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The peer's certificate fits none of the TLSA records that DNS holds for it.") \
/* SASL */ \
FAIL(SASL_REFUSED, "sasl-refused", "not-authorized", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The peer refused our certificate for SASL EXTERNAL, and the row allows nothing else.") \
FAIL(SASL_AUTHZID, "sasl-authzid", "not-authorized", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The peer asked to be authenticated as another domain than its stream header says.") \
FAIL(SASL_PROTOCOL, "sasl-protocol", "not-authorized", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The peer broke the order of a SASL exchange.") \
FAIL(SASL_TRIES, "sasl-tries", "policy-violation", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The peer failed to authenticate too often on one stream.") \
FAIL(SASL_LOCAL, "sasl-local", "internal-server-error", "wait", "remote-server-timeout", LATER, ERROR, 0, \
	"The SASL library refused to work.") \
/* dialback */ \
FAIL(DIALBACK_INVALID, "dialback-invalid", "not-authorized", "cancel", "internal-server-error", LATER, WARNING, 1, \
	"The peer found our dialback key invalid; the boxes of our domain may have different secrets.") \
FAIL(DIALBACK_ERROR, "dialback-error", "not-authorized", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The peer could not verify our dialback key.") \
FAIL(DIALBACK_FORGED, "dialback-forged", "not-authorized", "wait", "remote-server-timeout", LATER, WARNING, 1, \
	"The authoritative server says that the peer's dialback key is not valid.") \
FAIL(DIALBACK_UNSOLICITED, "dialback-unsolicited", "", "", "", NEVER, WARNING, 0, \
	"A dialback answer matches no question that was asked on this stream; it was dropped.") \
FAIL(DIALBACK_REPEATED, "dialback-repeated", "", "", "", NEVER, DEBUG, 0, \
	"The peer asked again for a pair that is valid or being checked; it is answered once.") \
FAIL(PAIRS_TOO_MANY, "pairs-too-many", "policy-violation", "wait", "resource-constraint", LATER, NOTICE, 1, \
	"The stream already carries as many domain pairs as allowed.") \
/* time, the other side, ourselves ending */ \
FAIL(ESTABLISHMENT_TIMEOUT, "establishment-timeout", "connection-timeout", "wait", "remote-server-timeout", NEXT, WARNING, 1, \
	"The negotiation took longer than stream-establishment-timeout.") \
FAIL(PEER_ERROR, "peer-stream-error", "", "wait", "remote-server-timeout", LATER, WARNING, 0, \
	"The peer ended the stream with an error.") \
FAIL(PEER_HOST_UNKNOWN, "peer-host-unknown", "", "cancel", "remote-server-not-found", LATER, WARNING, 0, \
	"The peer says that it does not serve the domain that it was asked for.") \
FAIL(PEER_CLOSED, "peer-closed", "", "wait", "remote-server-timeout", NEXT, NOTICE, 0, \
	"The peer closed the stream.") \
FAIL(CONNECTION_LOST, "connection-lost", "", "wait", "remote-server-timeout", NEXT, NOTICE, 0, \
	"The connection broke without the stream being closed.") \
FAIL(POLICY_CHANGED, "policy-changed", "reset", "wait", "remote-server-timeout", LATER, NOTICE, 1, \
	"The configuration changed; the stream has to be negotiated anew.") \
FAIL(HOST_GONE, "host-gone", "host-gone", "wait", "remote-server-timeout", LATER, NOTICE, 1, \
	"The domain is no longer served here.") \
FAIL(CERT_EXPIRY, "certificate-expiry", "reset", "wait", "remote-server-timeout", LATER, NOTICE, 1, \
	"A certificate that the stream was authorised by has expired; the stream is to be opened anew.") \
FAIL(SHUTDOWN, "shutdown", "system-shutdown", "wait", "remote-server-timeout", LATER, INFO, 1, \
	"The gateway is shutting down.") \
FAIL(IDLE, "idle", "", "", "", LATER, INFO, 0, \
	"Nothing was sent for stream-inactivity-timeout.") \
FAIL(DONE, "done", "", "", "", NEVER, INFO, 0, \
	"The stream has served its purpose.")
/* clang-format on */
