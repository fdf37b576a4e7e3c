/* links: components of a loop and what stands at their other ends, joined through the loopback device, for tests. */
#ifndef TESTS_LINKS_H
#define TESTS_LINKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "inside/component.h"
#include "net/connection.h"
#include "net/listener.h"
#include "net/loop.h"
#include "xmpp/jid.h"

#define LINKS_MAX 8
#define LINKS_SECRET "s3cr3t & more"
#define LINKS_DOMAIN "chat.example.com"

struct links;

/* Our end, and what was told of it. */
struct link {
	struct links *links;
	struct component *c; /* NULL before, and once it is over */
	char domain[JID_DOMAIN_SIZE];
	unsigned attaches; /* times it asked to */
	bool attached;
	unsigned stanzas;
	struct buf in; /* "remote:bytes\n" of each; "-" where there is no remote */
	unsigned drained;
	bool detached;
	enum fail fail;
	char reason[400];
	void (*on_stanza)(struct link *l); /* NULL = nothing */
	void (*on_drained)(struct link *l);
};

/* The component's end. */
struct app {
	struct links *links;
	struct connection *c; /* NULL once closed */
	struct buf in;
	bool connected;
	bool ended;
	char id[80]; /* of the stream */
	void (*on_data)(struct app *a);
};

struct links {
	struct loop *loop;
	int fd;
	struct listener *listener;
	struct loop_timer *deadline;
	bool late;
	struct component_config config; /* may be changed before an app opens */
	int send_buffer;		/* of the kernel, for our ends; 0 = as large as it likes */
	bool attach_closes;		/* the owner closes what wants to attach */
	struct stanza *greeting;	/* sent from inside attach; NULL = none */
	struct link link[LINKS_MAX];	/* in the order of accepting */
	unsigned link_count;
	struct app app[LINKS_MAX];
	unsigned app_count;
};

/* Listens on a free port for LINKS_DOMAIN and "other.example.com". */
void links_init(struct links *t);
/* Closes what is open, and waits until nothing closes any more. */
void links_fini(struct links *t);
/* One turn; fails the test when it has taken half a minute in all. */
void links_turn(struct links *t);
/* The same, and never waits for anything to happen. */
void links_poll(struct links *t);

/* Dials, and waits until the other end is there; its link has the same place. */
struct app *app_open(struct links *t);
struct link *app_link(const struct app *a);
void app_say(struct app *a, const char *text);
/* Waits until TEXT has come. */
void app_hear(struct app *a, const char *text);
/* Sends the header, waits for the answer, and forgets it but for the id. TO may be NULL. */
void app_header(struct app *a, const char *to);
/* The handshake for the id. */
void app_handshake(struct app *a);
/* The whole way; nothing is left in "in". */
struct app *app_attached(struct links *t, const char *domain);
/* Waits until both ends know that it is over: by FAIL, which the app was told as the stream error CONDITION, once, and the end
 * of the stream; CONDITION NULL: by the end of the stream alone. */
void app_ends(struct app *a, enum fail fail, const char *condition);

#define LINKS_UNTIL(t, condition) \
	do { \
		while (!(condition)) \
			links_turn(t); \
	} while (0)

#endif
