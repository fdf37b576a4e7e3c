#include "config/schema.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "config/config.h"

static const struct schema_section sections[] = {
	[SECTION_TOP] = { "", NAMES_NONE, sizeof(struct config_base), NULL, "" },
	[SECTION_GATEWAY] = { "gateway", NAMES_NONE, sizeof(struct config_gateway), NULL,
			      "The gateway as a whole." },
	[SECTION_TLS] = { "tls", NAMES_NONE, sizeof(struct config_tls), NULL,
			  "TLS towards all partners." },
	[SECTION_DNS] = { "dns", NAMES_NONE, sizeof(struct config_dns), NULL,
			  "How partners are looked up." },
	[SECTION_DOMAINS] = { "domains", NAMES_DOMAIN, sizeof(struct config_domain),
			      "chat.example.com",
			      "The domains that the gateway speaks for, by name." },
	[SECTION_INSIDE] = { "inside", NAMES_LINK, sizeof(struct config_inside), "app",
			     "The links to what stands inside, by a name of your choice." },
	[SECTION_PARTNERS] = { "partners", NAMES_PARTNER, sizeof(struct config_partner),
			       "example.org",
			       "The outside domains that may federate, by name, and how each is "
			       "authenticated. The entry \"*\" stands for everyone else; without "
			       "it everyone else is refused." },
};

static const char *const tri_words[] = { "required", "optional", "not-supported", NULL };
static const char *const check_words[] = { "lenient", "strict", NULL };
static const char *const crl_words[] = { "soft", "hard", NULL };
static const char *const partner_version_words[] = { "default", "1.2", "1.3", NULL };
static const char *const pin_words[] = { "off", "observe", "enforce", NULL };
static const char *const version_words[] = { "1.2", "1.3", NULL };
static const char *const off_words[] = { "off", "on", NULL };
static const char *const dane_words[] = { "off", "opportunistic", "required", NULL };
static const char *const level_words[] = { "error", "warning", "notice", "info", "debug", NULL };
static const char *const inside_words[] = { "component-listener", NULL };
static const char *const direct_tls_words[] = { "allow", "prefer", "never", NULL };
static const char *const auto_words[] = { "auto", NULL };

#define KEY(s, st, k, f, t) \
	.section = SECTION_##s, .key = k, .type = SCHEMA_##t, \
	.offset = offsetof(struct config_##st, f)

#define KIBI UINT64_C(1024)
#define MEBI (KIBI * KIBI)
#define HOUR UINT64_C(3600)
#define DAY (24 * HOUR)

static const struct schema_key keys[] = {
	{ KEY(TOP, base, "include", name, INCLUDE), .none = "nothing more is read",
	  .example = "conf.d/*.yml",
	  .help = "Further files, as a shell pattern or a list of such, read in sorted order. "
		  "Their "
		  "sections are added to those of this file; a setting may occur in one of them "
		  "only. A pattern may match nothing. An included file includes no others." },

	{ KEY(GATEWAY, gateway, "listen", listen, ADDRESSES), .value = "[::]:5269 0.0.0.0:5269",
	  .restart = true, .help = "Addresses and ports to which partners connect." },
	{ KEY(GATEWAY, gateway, "listen-direct-tls", listen_direct_tls, ADDRESSES),
	  .none = "partners cannot connect with direct TLS", .example = "[::]:5270 0.0.0.0:5270",
	  .restart = true,
	  .help = "Addresses and ports to which partners connect with direct TLS, which SRV "
		  "records "
		  "of _xmpps-server announce (XEP-0368). Who names none of the domains in the "
		  "handshake is shown the certificate of the first one that has any." },
	{ KEY(GATEWAY, gateway, "workers", workers, UINT), .value = "auto", .min = 1, .max = 256,
	  .words = auto_words, .restart = true,
	  .help = "Event loops, each with a thread of its own; auto is one per core." },
	{ KEY(GATEWAY, gateway, "state-dir", state_dir, PATH), .value = "/var/lib/fedgate",
	  .restart = true,
	  .help = "Directory for what the gateway keeps; made with mode 0700 where its parent is "
		  "there." },
	{ KEY(GATEWAY, gateway, "control-socket", control_socket, PATH),
	  .value = "/run/fedgate/control", .restart = true,
	  .help = "Where fedgatectl(8) reaches the daemon." },
	{ KEY(GATEWAY, gateway, "dialback-secret-file", dialback_secret_file, PATH),
	  .value = "/var/lib/fedgate/dialback.secret", .lync = "DialbackPassphrase",
	  .help = "The secret from which dialback keys are made: at least 16 bytes, a newline at "
		  "the end does not count. Made on first start, with mode 0600, where it does not "
		  "exist. Gateways that serve the same domain need the same secret." },
	{ KEY(GATEWAY, gateway, "previous-dialback-secret-file", previous_dialback_secret_file,
	      PATH),
	  .none = "none", .example = "/var/lib/fedgate/dialback.secret.old",
	  .help = "The secret that was used before: keys made from it are still found valid. For "
		  "the "
		  "time of a change, until all gateways of the domain have the new one." },
	{ KEY(GATEWAY, gateway, "connection-limit", connection_limit, UINT), .value = "1000",
	  .min = 1, .max = 1000000, .lync = "ConnectionLimit",
	  .help = "Connections with all partners together. At most half of them may be such that "
		  "have not authenticated yet." },
	{ KEY(GATEWAY, gateway, "partner-connection-limit", partner_connection_limit, UINT),
	  .value = "20", .min = 1, .max = 1000000, .lync = "PartnerConnectionLimit",
	  .help = "Connections with one partner that has no connection-limit of its own." },
	{ KEY(GATEWAY, gateway, "source-connection-limit", source_connection_limit, UINT),
	  .value = "100", .min = 1, .max = 1000000,
	  .help = "Connections from one address (of IPv6: from one network of 64 bits) that have "
		  "not authenticated yet." },
	{ KEY(GATEWAY, gateway, "keepalive-interval", keepalive_interval, DURATION),
	  .value = "300s", .min = 1, .max = DAY, .lync = "KeepAliveInterval",
	  .help = "A stream on which a partner whose keepalive is true sent nothing at all for "
		  "this "
		  "long, not even white space, is closed." },
	{ KEY(GATEWAY, gateway, "stream-establishment-timeout", stream_establishment_timeout,
	      DURATION),
	  .value = "60s", .min = 1, .max = HOUR, .lync = "StreamEstablishmentTimeout",
	  .help = "The time a whole negotiation may take." },
	{ KEY(GATEWAY, gateway, "stream-inactivity-timeout", stream_inactivity_timeout, DURATION),
	  .value = "600s", .min = 1, .max = 7 * DAY, .lync = "StreamInactivityTimeout",
	  .help = "A stream that carried no stanza for this long is closed." },
	{ KEY(GATEWAY, gateway, "max-stanza-size", max_stanza_size, BYTES), .value = "256k",
	  .min = 10000, .max = 64 * MEBI,
	  .help = "The largest stanza that is accepted, in bytes. XMPP forbids less than 10000." },
	{ KEY(GATEWAY, gateway, "queue-limit", queue_limit, UINT), .value = "1000", .min = 1,
	  .max = 1000000, .help = "Stanzas that wait for one partner domain." },
	{ KEY(GATEWAY, gateway, "queue-bytes", queue_bytes, BYTES), .value = "4M", .min = 10000,
	  .max = 1024 * MEBI, .help = "Bytes that wait for one partner domain." },
	{ KEY(GATEWAY, gateway, "queue-timeout", queue_timeout, DURATION), .value = "60s", .min = 1,
	  .max = DAY,
	  .help = "A stanza that waited for this long is returned to its sender, and a stream "
		  "of which the partner takes nothing for this long is closed." },
	{ KEY(GATEWAY, gateway, "certificate-warning-days", certificate_warning_days, UINT),
	  .value = "14", .min = 1, .max = 366,
	  .help = "So many days before a certificate of ours or of a partner ends it is logged, "
		  "once a day (ev=certificate-expires), and marked by fedgatectl certificates." },
	{ KEY(GATEWAY, gateway, "log-level", log_level, WORD), .value = "info",
	  .words = level_words, .help = "What is logged: everything up to this level." },
	{ KEY(GATEWAY, gateway, "log-message-bodies", log_message_bodies, BOOL), .value = "false",
	  .lync = "EnableLoggingAllMessageBodies",
	  .help = "Whether the text of messages is logged. Mind the law before turning it on." },

	{ KEY(TLS, tls, "trust-anchors", trust_anchors, PATH),
	  .value = "/etc/ssl/certs/ca-certificates.crt",
	  .help = "The authorities whose certificates are trusted: a file of PEM certificates." },
	{ KEY(TLS, tls, "min-version", min_version, WORD), .value = "1.2", .words = version_words,
	  .help = "The oldest version of TLS that is spoken." },

	{ KEY(DNS, dns, "servers", servers, SERVERS), .none = "the resolvers of the system",
	  .example = "127.0.0.53@53",
	  .help = "Resolvers to ask, each as address@port, or an address alone for port 53." },
	{ KEY(DNS, dns, "timeout", timeout, DURATION), .value = "10s", .min = 1, .max = 300,
	  .help = "The time a look-up may take." },
	{ KEY(DNS, dns, "refuse-private-addresses", refuse_private_addresses, BOOL),
	  .value = "false",
	  .help = "Whether addresses that are not of the public network, such as 10.0.0.1, "
		  "127.0.0.1 "
		  "or fe80::1, are left out where DNS names them for a partner. A host in "
		  "proxy-fqdn is connected to all the same. The gateway's own addresses are always "
		  "left out." },
	{ KEY(DNS, dns, "dnssec", dnssec, WORD), .value = "off", .words = off_words,
	  .restart = true,
	  .help = "Whether answers are validated: on makes a forged one a failure with its reason, "
		  "and is what dane needs. The resolvers that are asked must pass signatures on; "
		  "through one that strips them nothing can be looked up any more, which is why "
		  "it is off until you turn it on." },
	{ KEY(DNS, dns, "trust-anchor-file", trust_anchor_file, PATH),
	  .value = "/usr/share/dns/root.key", .restart = true,
	  .help = "With dnssec: on, the keys that answers are validated by: DS or DNSKEY records, "
		  "usually the root's. Debian has them in the package dns-root-data." },

	{ KEY(DOMAINS, domain, "certificate", certificate, PATHS),
	  .none = "TLS is not offered for the domain", .example = "chat.pem",
	  .help = "The domain's certificate and the intermediate ones after it, in PEM. It must "
		  "name "
		  "the domain, and should be usable for servers and for clients. A list of them "
		  "may "
		  "have one for each kind of key, RSA and EC: each partner is shown what it can "
		  "use." },
	{ KEY(DOMAINS, domain, "private-key", private_key, PATHS),
	  .none = "none, and there may then be no certificate", .example = "chat.key",
	  .help = "The certificate's private key in PEM, not encrypted; RSA of at least 2048 bits "
		  "or "
		  "an elliptic curve of at least 224. Of a list, each belongs to the certificate "
		  "in "
		  "the same place." },
	{ KEY(DOMAINS, domain, "inside", inside_name, LINK),
	  .none = "nothing inside receives the domain's stanzas", .example = "app",
	  .help = "The link that the domain's stanzas go to and come from: a name in section "
		  "inside." },

	{ KEY(DOMAINS, domain, "abuse-addresses", abuse_addresses, URIS),
	  .none = "none are published", .example = "mailto:abuse@example.com",
	  .help = "Whom to write to about abuse by the domain's people. These four lists of URIs "
		  "are told to everyone who asks the domain (XEP-0157)." },
	{ KEY(DOMAINS, domain, "admin-addresses", admin_addresses, URIS),
	  .none = "none are published", .example = "mailto:xmpp@example.com xmpp:admin@example.com",
	  .help = "Who runs the service." },
	{ KEY(DOMAINS, domain, "security-addresses", security_addresses, URIS),
	  .none = "none are published", .example = "mailto:security@example.com",
	  .help = "Whom to tell of a weakness." },
	{ KEY(DOMAINS, domain, "support-addresses", support_addresses, URIS),
	  .none = "none are published", .example = "https://example.com/support",
	  .help = "Who helps the domain's people and their partners." },

	{ KEY(INSIDE, inside, "type", type, WORD), .words = inside_words, .required = true,
	  .restart = true, .example = "component-listener",
	  .help = "What kind of link it is. component-listener: something inside connects as an "
		  "external component (XEP-0114)." },
	{ KEY(INSIDE, inside, "listen", listen, ADDRESS), .required = true, .restart = true,
	  .example = "127.0.0.1:5347",
	  .help = "Address and port to which the component connects. The protocol is not "
		  "encrypted." },
	{ KEY(INSIDE, inside, "secret-file", secret_file, PATH), .required = true,
	  .example = "app.secret",
	  .help = "The secret with which the component proves itself; a newline at the end does "
		  "not "
		  "count." },

	{ KEY(PARTNERS, partner, "tls", tls, WORD), .value = "required", .words = tri_words,
	  .lync = "TlsNegotiation", .help = "Whether streams with the partner are encrypted." },
	{ KEY(PARTNERS, partner, "sasl", sasl, WORD), .value = "required", .words = tri_words,
	  .lync = "SaslNegotiation", .example = "optional",
	  .help = "Whether the partner authenticates by its certificate (SASL EXTERNAL)." },
	{ KEY(PARTNERS, partner, "dialback", dialback, BOOL), .value = "true",
	  .lync = "SupportDialbackNegotiation",
	  .help = "Whether the partner may authenticate by server dialback." },
	{ KEY(PARTNERS, partner, "additional-domains", additional_domains, DOMAINS),
	  .none = "the entry's own domain only", .lync = "AdditionalDomains",
	  .example = "conference.example.org *.chat.example.org",
	  .help = "Further domains of the partner that the entry holds for. \"*.chat.example.org\" "
		  "covers whatever lies below chat.example.org, but not that domain itself; the "
		  "longest one that fits decides, after whole names." },
	{ KEY(PARTNERS, partner, "proxy-fqdn", proxy_fqdn, HOST),
	  .none = "the partner is found by DNS", .lync = "ProxyFqdn",
	  .example = "xmpp.example.org:5269",
	  .help = "Connect to this host instead of looking the partner up. A name or an address, "
		  "port 5269 where none is given; tls://host:port with direct TLS, tcp://host:port "
		  "is "
		  "the same as host:port. The certificate must name the partner's domain all the "
		  "same." },
	{ KEY(PARTNERS, partner, "direct-tls", direct_tls, WORD), .value = "allow",
	  .words = direct_tls_words,
	  .help = "Whether the partner's targets with direct TLS are connected to (XEP-0368). "
		  "allow: "
		  "with the others, by priority and weight. prefer: before the others. never: not "
		  "at all, as always where tls is not-supported. Where direct TLS fails, nothing "
		  "is "
		  "tried in clear, whatever tls says." },
	{ KEY(PARTNERS, partner, "keepalive", keepalive, BOOL), .value = "true",
	  .lync = "EnableKeepAlive", .help = "Whether keepalive-interval holds for the partner." },
	{ KEY(PARTNERS, partner, "connection-limit", connection_limit, UINT), .min = 1,
	  .max = 1000000, .none = "partner-connection-limit of section gateway", .example = "20",
	  .help = "Connections with the partner." },
	{ KEY(PARTNERS, partner, "certificate-check", certificate_check, WORD), .value = "lenient",
	  .words = check_words,
	  .help = "strict: a certificate that is not valid ends the negotiation, whatever the row "
		  "permits. lenient: the row alone decides whether dialback may do instead." },
	{ KEY(PARTNERS, partner, "trust-anchors", trust_anchors, PATH),
	  .none = "those of section tls", .example = "example.org-ca.pem",
	  .help = "The authorities that alone are trusted for the partner, or its very "
		  "certificate: "
		  "a file of PEM certificates." },
	{ KEY(PARTNERS, partner, "tls-min-version", tls_min_version, WORD), .value = "default",
	  .words = partner_version_words,
	  .help = "The oldest version of TLS that is spoken with the partner. default: as section "
		  "tls says." },
	{ KEY(PARTNERS, partner, "ciphers", ciphers, STRING), .max = 2000,
	  .none = "those of the TLS library",
	  .example = "ECDHE-ECDSA-AES256-GCM-SHA384:TLS_AES_256_GCM_SHA384",
	  .help = "The ciphers that are spoken with the partner, by OpenSSL's names, with colons "
		  "between. Those that begin with TLS_ are for TLS 1.3, the others for TLS 1.2; a "
		  "version that none is for keeps the library's." },
	{ KEY(PARTNERS, partner, "crl-files", crl_files, PATHS),
	  .none = "revocation is not looked at", .example = "example.org-ca.crl",
	  .help = "Revocation lists of the partner's authorities: a file of PEM lists, or a list "
		  "of "
		  "such files. One that is broken is left out with a warning." },
	{ KEY(PARTNERS, partner, "crl-check", crl_check, WORD), .value = "soft", .words = crl_words,
	  .help = "soft: a certificate is good unless a list revokes it. hard: it is good only if "
		  "lists in force cover it and its authorities." },
	{ KEY(PARTNERS, partner, "accept-client-only-eku", accept_client_only_eku, BOOL),
	  .value = "false",
	  .help = "Whether a certificate of the partner that may identify clients alone identifies "
		  "it. For partners with an authority of their own; public ones give such "
		  "certificates to people, too." },
	{ KEY(PARTNERS, partner, "outbound-certificate", outbound_certificate, PATHS),
	  .none = "the domain's certificate is shown", .example = "chat-client.pem",
	  .help = "What is shown in place of the domain's certificate when connecting to the "
		  "partner: for one that insists on a certificate for clients. It must name the "
		  "domains that write to the partner. One or a list, as for a domain." },
	{ KEY(PARTNERS, partner, "outbound-private-key", outbound_private_key, PATHS),
	  .none = "none, and there may then be no outbound-certificate",
	  .example = "chat-client.key", .help = "Its private key, as for a domain." },
	{ KEY(PARTNERS, partner, "pin", pin, WORD), .value = "observe", .words = pin_words,
	  .help = "What is done when the partner's certificate has another key than the one seen "
		  "before. observe: it is logged (ev=partner-key-changed), and the new key is the "
		  "one expected from then on. enforce: such a certificate is not valid until the "
		  "operator accepts its key (fedgatectl pin); where the row permits dialback that "
		  "may do "
		  "instead, unless certificate-check is strict. The first key seen is the one "
		  "expected; each direction has its own." },
	{ KEY(PARTNERS, partner, "ratchet", ratchet, BOOL), .value = "false",
	  .help = "Whether a partner is refused that comes by a weaker method than the best one it "
		  "used before in that direction, such as dialback after SASL. It is logged in any "
		  "case (ev=downgrade)." },
	{ KEY(PARTNERS, partner, "dane", dane, WORD), .value = "opportunistic", .words = dane_words,
	  .help = "What TLSA records in DNS say of the partner's certificates, in both directions "
		  "(RFC 7673); it takes dnssec: on. opportunistic: where there are such records, "
		  "a certificate must fit one, and by one of the usages 2 and 3 needs none of "
		  "our trust anchors; a host that the partner's signed SRV records name may stand "
		  "in the certificate instead of the domain. required: a certificate without such "
		  "a record is not valid. off: DNS says nothing about certificates." },
	{ KEY(PARTNERS, partner, "description", description, STRING), .max = 1000, .none = "none",
	  .lync = "Description", .example = "Example Org, federation@example.org",
	  .help = "A text of your own, such as whom to call." },
};

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

const struct schema_section *schema_section(enum section_id section)
{
	return &sections[section];
}

enum section_id schema_section_find(const char *name)
{
	int i;

	for (i = SECTION_TOP + 1; i < SECTION_COUNT; i++)
		if (!strcmp(sections[i].name, name))
			return (enum section_id)i;
	return SECTION_COUNT;
}

const struct schema_key *schema_keys(enum section_id section, size_t *count)
{
	size_t i = 0, end;

	while (keys[i].section != section)
		i++;
	for (end = i; end < KEY_COUNT && keys[end].section == section; end++)
		;
	*count = end - i;
	return &keys[i];
}

const struct schema_key *schema_key(enum section_id section, const char *key)
{
	size_t i;

	for (i = 0; i < KEY_COUNT; i++)
		if (keys[i].section == section && !strcmp(keys[i].key, key))
			return &keys[i];
	return NULL;
}

size_t schema_index(const struct schema_key *key)
{
	size_t count;

	return (size_t)(key - schema_keys(key->section, &count));
}

const char *schema_type_str(enum schema_type type)
{
	static const char *const names[] = {
		[SCHEMA_STRING] = "text",
		[SCHEMA_PATH] = "path",
		[SCHEMA_PATHS] = "path, or list of paths",
		[SCHEMA_LINK] = "name",
		[SCHEMA_BOOL] = "true or false",
		[SCHEMA_WORD] = "word",
		[SCHEMA_UINT] = "number",
		[SCHEMA_DURATION] = "duration",
		[SCHEMA_BYTES] = "size",
		[SCHEMA_ADDRESS] = "address and port",
		[SCHEMA_ADDRESSES] = "list of addresses and ports",
		[SCHEMA_SERVERS] = "list of addresses",
		[SCHEMA_HOST] = "host and port",
		[SCHEMA_DOMAINS] = "list of domains",
		[SCHEMA_URIS] = "list of at most 10 URIs",
		[SCHEMA_INCLUDE] = "pattern, or list of patterns",
	};
	return names[type];
}

/* One slip in a short word, up to three in a long one. */
static unsigned tolerance(const char *word)
{
	size_t len = strlen(word);

	return len < 4 ? 1 : len < 8 ? 2 : 3;
}

static void nearer(const char *candidate, const char *word, const char **best, unsigned *distance)
{
	unsigned d = str_distance(candidate, word, *distance);

	if (d >= *distance)
		return;
	*distance = d;
	*best = candidate;
}

const char *schema_suggest_key(enum section_id section, const char *word)
{
	unsigned distance = tolerance(word) + 1;
	const char *best = NULL;
	size_t i;

	for (i = 0; i < KEY_COUNT; i++) {
		if (keys[i].section != section)
			continue;
		if (keys[i].lync && !strcasecmp(keys[i].lync, word))
			return keys[i].key;
		nearer(keys[i].key, word, &best, &distance);
	}
	return best;
}

const char *schema_suggest_section(const char *word)
{
	unsigned distance = tolerance(word) + 1;
	const char *best = NULL;
	int i;

	for (i = SECTION_TOP + 1; i < SECTION_COUNT; i++)
		nearer(sections[i].name, word, &best, &distance);
	nearer("include", word, &best, &distance);
	return best;
}

const char *schema_nearest(const char *const *words, const char *word)
{
	unsigned distance = tolerance(word) + 1;
	const char *best = NULL;

	for (; *words; words++)
		nearer(*words, word, &best, &distance);
	return best;
}
