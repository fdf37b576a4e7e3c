/*
 * gateway: the running gateway: workers, listeners, what they share.
 *
 * Made, started and stopped by the main thread, which owns a loop of its own; all callbacks of this header come from that loop.
 * Workers are threads with a loop each; nothing here blocks on them but gateway_free.
 */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "config/config.h"
#include "gateway/history.h"
#include "gateway/keeper.h"
#include "negotiation/negotiation.h"
#include "net/loop.h"

#define GATEWAY_ERROR_SIZE 400

struct gateway;

struct gateway_options {
	struct config *config; /* taken on success */
	const char *secret;    /* the dialback secret; borrowed for the call, like all secrets */
	size_t secret_len;
	const char *previous; /* the one before it, keys of which are ours too; NULL = none */
	size_t previous_len;
	const char **
		inside_secrets; /* of each config->inside entry, NUL-terminated; borrowed for the call */
	int log_fd;		/* where log lines go */
	bool journal;		/* it is the journal: see log_write_journal */
	/* The last worker has ended after gateway_drain. */
	void (*drained)(void *context);
	void *context;
};

/* Opens every listening socket and builds what workers share. NULL with the reason; nothing is left open then. */
struct gateway *gateway_new(struct loop *main_loop, const struct gateway_options *options,
			    char error[GATEWAY_ERROR_SIZE]);
/* Starts the threads; from here on connections are accepted. -FAIL_INTERNAL where no thread is to be had. */
int gateway_start(struct gateway *g) must_check;
/*
 * Stops accepting, lets queues empty, closes every stream with system-shutdown, and calls DRAINED, at the latest after
 * GRACE_MS: what still waits then is returned to its sender. Called again: at once.
 */
void gateway_drain(struct gateway *g, uint64_t grace_ms);
/* After DRAINED, or without gateway_start. Joins the threads. */
void gateway_free(struct gateway *g);

/*
 * Goes by another configuration: OPTIONS as for gateway_new, of which config is taken on success and what is not of the
 * configuration or its secrets is ignored. All is built before anything changes; -FAIL_CONFIG with the reason where it cannot
 * be, or another reload is under way: all stays as it was then. DONE is called once every worker goes by it. Streams that the
 * new configuration does not allow have ended by then; the others live on. What only a restart can change stays as it is:
 * where we listen, how many workers; a section inside with other entries is refused.
 */
int gateway_reload(struct gateway *g, const struct gateway_options *options,
		   void (*done)(void *context), void *context,
		   char error[GATEWAY_ERROR_SIZE]) must_check;

const struct config *gateway_config(const struct gateway *g);
unsigned gateway_workers(const struct gateway *g);
/* One line to the log, if its level is to be logged. Any thread. */
void gateway_log(struct gateway *g, const struct log_line *line);

struct gateway_stream { /* one live stream with the outside */
	uint64_t id;
	unsigned worker;
	enum negotiation_role role; /* receiving: incoming */
	enum negotiation_state state;
	bool verify_only;
	bool direct_tls;
	char local[JID_DOMAIN_SIZE], remote[JID_DOMAIN_SIZE]; /* "" while not known */
	char address[64];				      /* the other end's */
	unsigned row;					      /* 0 = not known */
	enum method method;				      /* METHOD_NONE until open */
	char tls_version[16], cipher[64];		      /* "" in clear */
	uint64_t age_ms;
	uint64_t negotiation_ms; /* how long it took to open; 0 while it has not */
	uint64_t stanzas;	 /* that crossed it */
	uint64_t waiting;	 /* bytes not yet taken by the kernel */
};

struct gateway_route { /* one pair, outbound */
	char local[JID_DOMAIN_SIZE], remote[JID_DOMAIN_SIZE];
	unsigned queued; /* stanzas */
	uint64_t queued_bytes;
	uint64_t stream; /* id, 0 = none */
	bool dialling;
	uint64_t retry_ms; /* until the next attempt may be made; 0 = now */
	enum fail fail;	   /* of the last attempt; FAIL_NONE */
};

struct gateway_link { /* one local domain's inside */
	char domain[JID_DOMAIN_SIZE];
	char inside[65]; /* name of the entry; "" = none */
	bool attached;
	uint64_t stanzas_in, stanzas_out; /* towards the inside, from it */
	uint64_t waiting;		  /* bytes */
	unsigned held;			  /* stanzas that wait for the link */
};

struct gateway_counters {
	uint64_t accepted; /* connections */
	uint64_t refused;  /* connections, by a limit */
	uint64_t opened;   /* streams that were authorised */
	uint64_t failed;   /* streams that ended before */
	/* streams on which the partner refused our certificate for SASL; one that may identify servers alone */
	uint64_t sasl_refused, sasl_refused_usage;
	uint64_t in, out; /* stanzas taken from outside, from inside */
	uint64_t delivered_in, delivered_out;
	uint64_t answered; /* by the built-in responder */
	uint64_t bounced, dropped;
};

struct gateway_report { /* owned by the callback's caller */
	struct gateway_stream *streams;
	size_t stream_count;
	struct gateway_route *routes;
	size_t route_count;
	struct gateway_link *links;
	size_t link_count;
	struct gateway_counters counters;
	uint64_t uptime_ms;
};

typedef void (*gateway_report_fn)(void *context, const struct gateway_report *report);
/* Asks every worker; FN is called once, from the main loop, with what they said. */
void gateway_report(struct gateway *g, gateway_report_fn fn, void *context);

/* What it remembers of partners; main thread. */
struct keeper *gateway_keeper(const struct gateway *g);
/* The certificate number INDEX of those in use for a local domain, with its names; false where there are not so many. Main
 * thread. */
bool gateway_certificate(const struct gateway *g, const char *domain, size_t index,
			 struct cert_leaf *leaf, char names[CERT_NAMES_TEXT]);

/* How the last attempts with REMOTE (normal form) ended, per direction; false where there was none. Any thread. */
bool gateway_last(struct gateway *g, const char *remote, enum negotiation_role role,
		  struct attempt *out);

#endif
