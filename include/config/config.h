/*
 * config: the configuration, read and checked.
 *
 * config_load is the only code that reads a configuration: all or nothing, every fault of every file in one run. The result
 * is immutable and may be shared by any threads; whoever loaded it frees it. Files are read through struct config_files, so
 * that tests and the fuzzer need no file system and this layer no X.509.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "config/diag.h"
#include "config/schema.h"
#include "policy/partner.h"

struct config_address {
	char *host; /* owned; a literal without brackets, or a name in normal form; NULL = none */
	uint16_t port;
	bool direct_tls; /* written tls://HOST:PORT */
};

struct config_addresses {
	struct config_address *items; /* owned */
	size_t count;
};

struct config_names {
	char **items;	  /* owned, as are the names */
	struct place *at; /* owned: where each was written; NULL = not kept */
	size_t count;
};

/* What every section and entry begins with. */
struct config_base {
	char *name; /* owned: the entry's, domains in normal form; NULL for a section without entries */
	struct place at; /* of the name */
	struct place
		*set; /* owned: of each key of the section, by schema_index; file NULL = default */
	uint32_t bad; /* keys that could not be read, while loading */
};

struct config_gateway {
	struct config_base base;
	struct config_addresses listen;
	struct config_addresses listen_direct_tls;
	unsigned workers; /* 0 = one per core */
	char *state_dir;
	char *control_socket;
	char *dialback_secret_file;
	char *previous_dialback_secret_file; /* NULL = none */
	unsigned connection_limit;
	unsigned partner_connection_limit;
	unsigned source_connection_limit;
	uint64_t keepalive_interval; /* seconds, as all durations */
	uint64_t stream_establishment_timeout;
	uint64_t stream_inactivity_timeout;
	uint64_t max_stanza_size; /* bytes */
	unsigned queue_limit;
	uint64_t queue_bytes;
	uint64_t queue_timeout;
	unsigned certificate_warning_days;
	unsigned log_level; /* an enum log_level */
	bool log_message_bodies;
};

enum config_tls_version { CONFIG_TLS_1_2, CONFIG_TLS_1_3 };

struct config_tls {
	struct config_base base;
	char *trust_anchors;
	unsigned min_version; /* an enum config_tls_version */
};

struct config_dns {
	struct config_base base;
	struct config_addresses servers; /* none = the system's resolvers */
	uint64_t timeout;
	bool refuse_private_addresses;
	unsigned dnssec; /* 0 = off, 1 = on */
	char *trust_anchor_file;
};

enum config_inside_type { CONFIG_COMPONENT_LISTENER };

struct config_inside {
	struct config_base base;
	unsigned type; /* an enum config_inside_type */
	struct config_address listen;
	char *secret_file;
};

struct config_domain {
	struct config_base base;
	/* Pairs, of different kinds of keys; those that have expired are left out. None: TLS cannot be offered for it */
	struct config_names certificate;
	struct config_names private_key;
	char *inside_name;		     /* NULL = none */
	const struct config_inside *inside;  /* borrowed; NULL = none */
	struct config_names abuse_addresses; /* URIs */
	struct config_names admin_addresses;
	struct config_names security_addresses;
	struct config_names support_addresses;
};

enum config_certificate_check { CONFIG_LENIENT, CONFIG_STRICT };
enum config_crl_check { CONFIG_CRL_SOFT, CONFIG_CRL_HARD };
enum config_partner_version {
	CONFIG_PARTNER_DEFAULT,
	CONFIG_PARTNER_TLS_1_2,
	CONFIG_PARTNER_TLS_1_3
};

/* A partner as written; what decides is config->policy. */
struct config_partner {
	struct config_base base;
	unsigned tls; /* an enum tri */
	unsigned sasl;
	bool dialback;
	struct config_names additional_domains;
	struct config_address proxy_fqdn;
	unsigned direct_tls; /* an enum direct_tls */
	bool keepalive;
	unsigned connection_limit; /* 0 = as the gateway says */
	unsigned certificate_check;
	char *trust_anchors;	  /* NULL = those of section tls */
	unsigned tls_min_version; /* an enum config_partner_version */
	char *ciphers;		  /* NULL = the library's */
	struct config_names crl_files;
	unsigned crl_check; /* an enum config_crl_check */
	bool accept_client_only_eku;
	struct config_names
		outbound_certificate; /* pairs as a domain's; none: the domain's are shown */
	struct config_names outbound_private_key;
	unsigned pin; /* an enum pin_mode */
	bool ratchet;
	unsigned dane; /* an enum partner_dane */
	char *description;
};

struct config {
	struct config_gateway gateway;
	struct config_tls tls;
	struct config_dns dns;
	struct config_domain *domains; /* owned, in the order of the files */
	size_t domain_count;
	struct config_inside *inside; /* owned */
	size_t inside_count;
	struct config_partner *partners; /* owned */
	size_t partner_count;
	struct policy policy; /* finished; partners and locals in the same order */
	char **files;	      /* owned: what was read, the main file first */
	size_t file_count;
};

struct config_file {
	char *data; /* owned */
	size_t len;
	unsigned mode;	 /* permission bits */
	uint64_t device; /* device and inode say whether two paths are one file */
	uint64_t inode;
};

enum config_part { CONFIG_PART_NONE, CONFIG_PART_CERTIFICATE, CONFIG_PART_KEY };

/* What is to be said of a certificate and its key. */
struct config_identity {
	enum config_part wrong; /* which of them is unusable, and why */
	char error[200];
	char warning[200]; /* "" = none */
	bool names_domain; /* the certificate names the domain it is for */
	bool expired;	   /* that is what is wrong */
	char kind[16];	   /* of its key: "RSA", "EC"; "" = not known */
};

struct config_files {
	void *context;
	/* Gives all of PATH, at most MAX bytes; 0 or an errno, EFBIG where it is larger. */
	int (*read)(void *context, const char *path, size_t max, struct config_file *out);
	/* Gives the paths that match a shell pattern, sorted; 0 or an errno. Owned by the caller. */
	int (*list)(void *context, const char *pattern, struct config_names *out);
	/* Judges a PEM chain and key for DOMAIN (NULL = for any). NULL = certificates are not looked into. */
	void (*identity)(void *context, const struct config_file *certificate,
			 const struct config_file *key, const char *domain,
			 struct config_identity *out);
	/* Judges a PEM file of trust anchors: false with the reason. NULL = not looked into. */
	bool (*anchors)(void *context, const struct config_file *file, char *error, size_t size);
	/* Judges a PEM file of revocation lists, likewise. */
	bool (*crl)(void *context, const struct config_file *file, char *error, size_t size);
	/* Judges a list of ciphers, likewise. */
	bool (*ciphers)(void *context, const char *ciphers, char *error, size_t size);
};

/* read and list of the file system; what judges is NULL. */
struct config_files config_files_system(void);
/* Frees and wipes what read gave. */
void config_file_fini(struct config_file *file);

/*
 * Reads PATH and what it includes. On success gives *OUT; otherwise -FAIL_CONFIG and NULL, and DIAGS holds at least one error.
 * Warnings and notes come in both cases; DIAGS is sorted.
 */
int config_load(const char *path, const struct config_files *files, struct config **out,
		struct diags *diags) must_check;
void config_free(struct config *c);

/* Every effective value, with its full name ("partners.example.org.tls"), as text of YAML, and its origin. */
typedef void (*config_value_fn)(void *context, const char *name, const char *value,
				const struct place *origin);
void config_each_value(const struct config *c, config_value_fn fn, void *context);

#define CONFIG_SECRET_MIN 16   /* bytes of a dialback secret */
#define CONFIG_SECRET_MAX 4096 /* bytes of a secret's file */
#define CONFIG_PEM_MAX ((size_t)1 << 20)
#define CONFIG_ANCHORS_MAX ((size_t)16 << 20)

#endif
