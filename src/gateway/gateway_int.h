/*
 * The inside of the gateway: what all workers share, a worker, and the messages between them.
 *
 * gateway.c makes and ends it; reload.c gives it a configuration; worker.c is a thread with its outside; visitors.c lets in who connects to that; links.c is its
 * inside; report.c asks all of them.
 */
#ifndef GATEWAY_INT_H
#define GATEWAY_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "gateway/gateway.h"
#include "gateway/keeper.h"
#include "gateway/limits.h"
#include "gateway/log_quota.h"
#include "inside/component.h"
#include "net/listener.h"
#include "net/mailbox.h"
#include "outside/outside.h"
#include "outside/route.h"
#include "outside/verify.h"

struct worker;

enum message_type {
	MESSAGE_OUT,	/* a stanza for the outside: to the worker of its remote domain */
	MESSAGE_IN,	/* a stanza for a local domain: to the worker of its inside */
	MESSAGE_ASK,	/* a dialback key: to the worker of its remote domain */
	MESSAGE_ANSWER, /* and back to the worker of its stream */
	MESSAGE_RESUME, /* a domain's inside takes stanzas again: to all */
	MESSAGE_PACE, /* a local domain's stanzas may have to come more slowly, or no longer: to its home */
	MESSAGE_RELOAD,	 /* to all, and back to the main thread: a new configuration */
	MESSAGE_LEARNT,	 /* what is to be remembered of a domain: to the main thread */
	MESSAGE_ATTEMPT, /* how a negotiation ended: to the main thread */
	MESSAGE_MEMORY,	 /* what is remembered of a domain: to all */
	MESSAGE_REPORT,	 /* to all, and back to the main thread */
	MESSAGE_DRAIN,	 /* to all: nothing new, and end what there is */
	MESSAGE_HURRY,	 /* to all: at once */
	MESSAGE_DRAINED, /* back to the main thread: the outside has ended */
	MESSAGE_STOP,	 /* to all: end the inside, and the thread */
	MESSAGE_STOPPED	 /* back to the main thread */
};

/* Owned by whom it is on the way to. */
struct message {
	struct mail mail; /* first */
	enum message_type type;
	struct stanza *stanza;	   /* OUT, IN: a reference */
	size_t domain;		   /* IN, OUT, RESUME, PACE: number of the local domain's seat */
	struct question *question; /* ASK, ANSWER: owned */
	enum dialback_outcome outcome; /* ANSWER */
	struct collection *collection; /* REPORT: borrowed; the message's sender keeps it */
	struct gateway_report *report; /* REPORT, on the way back: owned */
	struct snapshot *snapshot;     /* RELOAD: a reference */
	size_t seats;		       /* RELOAD: how many there are now */
	char remote[JID_DOMAIN_SIZE];  /* OUT, MEMORY */
	struct lesson *lesson;	       /* LEARNT: owned */
	struct attempt *attempt;       /* ATTEMPT: owned */
	struct memory_facts *facts;    /* MEMORY: owned; NULL = forget it */
};

/* How stanzas of one local domain flow between workers; what is on its way is bounded by holding back its sources. */
struct pace {
	atomic_bool full;      /* its inside takes no more at once; its home alone says so */
	atomic_size_t coming;  /* bytes on their way to its inside; its home alone takes off */
	atomic_size_t leaving; /* bytes on their way to routes */
	atomic_int slow;       /* routes that cannot take more at once */
};

#define PACE_HIGH ((size_t)512 << 10) /* bytes on their way: the source pauses */
#define PACE_LOW ((size_t)64 << 10)   /* it goes on */
#define PACE_STANZA 500		      /* what each costs on its way, besides its bytes */

/* A local domain as all workers know it, by its number: for as long as the gateway runs, also when a reload took it away. */
struct seat {
	char name[JID_DOMAIN_SIZE];
	struct worker *home;
	struct pace pace;
};

#define SEATS_SPARE 1024 /* for domains that a reload brings */

/* What one local domain's inside is, on the worker that is its home. */
struct held { /* a stanza that waits for the link */
	struct stanza *stanza;
	struct held *next;
};

struct link {
	struct worker *worker;
	size_t domain;			    /* number of its seat */
	const struct config_domain *config; /* NULL = no longer ours */
	struct component *component;	    /* NULL while nothing is attached */
	struct held *first, **last;
	unsigned held;
	size_t held_bytes;
	uint64_t grace_until; /* what comes before waits for a link that is to come */
	struct loop_timer *grace;
	bool paused; /* the component is not read */
	uint64_t stanzas_in, stanzas_out;
};

struct guest { /* a component's connection, attached or not */
	struct component *component;
	struct entrance *entrance;
	struct link *link; /* NULL = not attached */
	struct guest *next, **at;
};

struct entrance { /* an inside entry, on the worker that is its home */
	struct worker *worker;
	const struct config_inside *config;
	struct listener *listener;
	const char **domains; /* owned; that attach here */
	size_t domain_count;
	const char *secret; /* of the snapshot's */
	unsigned strangers; /* connections whose handshake is still to come */
};

struct worker {
	struct gateway *gateway;
	unsigned number;
	pthread_t thread;
	bool started;
	struct loop *loop;
	struct mailbox *mailbox;
	struct outside outside;
	struct routes *routes;
	struct verify_desk *verify;
	struct listener **listeners; /* of the outside */
	size_t listener_count;
	struct entrance *entrances; /* those at home here */
	size_t entrance_count;
	struct guest *guests;
	struct link **links; /* owned: by seat, NULL for those not at home here */
	size_t seat_count;   /* that this worker has heard of */
	bool draining, drained, stopping;
	uint64_t drain_begun;
	uint64_t links_until;	  /* while it stops: when components are shut at the latest; or 0 */
	unsigned links_quiet;	  /* how often they were seen so, one after the other */
	bool over;		  /* what still comes in is only freed */
	uint64_t hurry_until;	  /* 0 = nobody asked to hurry */
	struct loop_timer *watch; /* while it drains or stops: is it done? */
	struct gateway_counters counters;
	struct log_quota *log_quota; /* owned: of strangers */
};

struct gateway {
	struct loop *main_loop;
	struct mailbox *mailbox;   /* of the main thread */
	struct snapshot *snapshot; /* the main thread's; each worker has its own reference */
	atomic_int log_level;
	struct gateway_options options;
	struct limits *limits;
	struct history *history;
	struct keeper *keeper;
	int *listen_fds;	 /* of config->gateway.listen */
	int *direct_fds;	 /* of config->gateway.listen_direct_tls */
	int *inside_fds;	 /* of config->inside */
	struct net_address *own; /* where we are reached */
	size_t own_count;
	struct seat **seats; /* owned, and so is each; the array never moves */
	size_t seat_count, seat_room;
	size_t listen_count, direct_count, inside_count; /* of descriptors */
	struct worker *workers;
	unsigned worker_count;
	struct loop_timer *deadline; /* of draining */
	unsigned drained, stopped;
	unsigned reloading; /* workers that have not taken the new configuration yet */
	void (*reloaded)(void *context);
	void *reload_context;
	bool draining;
	bool over;			/* what still comes in is only freed */
	struct collection *collections; /* reports that are being made */
	uint64_t started_at;
};

/* worker.c */
int worker_init(struct worker *w, struct gateway *g, unsigned number,
		char error[GATEWAY_ERROR_SIZE]) must_check;
int worker_start(struct worker *w) must_check;
void worker_fini(struct worker *w); /* joins the thread; others may still post */
void worker_free_loop(struct worker *w);
struct message *message_new(enum message_type type);
void message_free(struct message *m);
void worker_post(struct worker *w, struct message *m);
/* The worker that REMOTE's routes and checks belong to. */
struct worker *worker_of_remote(struct gateway *g, const char *remote);
struct worker *worker_of_inside(struct gateway *g, size_t inside);
/* A stanza that leaves a local domain for REMOTE; borrowed. */
void worker_send_out(struct gateway *g, size_t domain, const char *remote, struct stanza *stanza);
/* A stanza for a local domain; borrowed. False: no more of them for now, until MESSAGE_RESUME. */
bool worker_send_in(struct gateway *g, size_t domain, struct stanza *stanza);
bool worker_logs(const struct worker *w, enum log_level level);
/* The number of a local domain's seat, or -1. */
long worker_seat(const struct worker *w, const char *domain);
/* worker_resolver.c: 0, or -FAIL_IO with the reason. */
int worker_open_resolver(struct worker *w, char error[GATEWAY_ERROR_SIZE]);
/* What this worker goes by. */
const struct config *worker_config(const struct worker *w);

/* visitors.c */
extern const struct listener_events visitors_events;	    /* with a worker */
extern const struct listener_events visitors_direct_events; /* whose streams begin with TLS */

/* remember.c */
int remember_init(struct gateway *g, char error[GATEWAY_ERROR_SIZE]) must_check;
/* Of the main thread: LEARNT, ATTEMPT. */
void remember_message(struct gateway *g, const struct message *m);
/* Of a worker: MEMORY. */
void remember_change(struct worker *w, const struct message *m);
/* From a worker, to be remembered; borrowed. */
void remember_lesson(struct worker *w, const struct lesson *lesson);
void remember_attempt(struct worker *w, const struct attempt *a);

/* links.c */
int links_init(struct worker *w) must_check;
/* The worker's snapshot is a new one. */
void links_reload(struct worker *w);
void links_fini(struct worker *w);
/* For the link of a domain at home here: to the component, held, or answered by ourselves. */
void links_deliver(struct worker *w, size_t domain, struct stanza *stanza);
/* Pauses or resumes the component of a domain at home here, as its pace demands. */
void links_pace(struct worker *w, size_t domain);
/* Streams that paused for the domain, at home here, go on if its inside takes more. */
void links_resume(struct worker *w, size_t domain);
void links_accept_no_more(struct worker *w);
/* What components had sent was read, and delivered or returned. */
bool links_are_quiet(const struct worker *w);
void links_shut(struct worker *w);
bool links_are_gone(const struct worker *w);

/* reload.c */
struct snapshot *reload_snapshot(const struct gateway_options *options,
				 char error[GATEWAY_ERROR_SIZE]);
/* Gives every local domain of S its number: the one it has always had, or a new one, and a home. */
int reload_number_domains(struct gateway *g, struct snapshot *s,
			  char error[GATEWAY_ERROR_SIZE]) must_check;
/* One more worker goes by the new configuration. */
void reload_taken(struct gateway *g);

/* report.c */
void report_collect(struct worker *w, struct message *m);
void report_collected(struct gateway *g, struct message *m);
void report_free(struct gateway_report *r); /* NULL is allowed */
/* Those that nobody will complete any more. */
void reports_free(struct gateway *g);

#endif
