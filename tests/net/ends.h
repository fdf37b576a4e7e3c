/* ends: two connections of one loop, joined through the loopback device, for tests. */
#ifndef TESTS_ENDS_H
#define TESTS_ENDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "net/connection.h"
#include "net/listener.h"
#include "net/loop.h"

struct ends;

struct end {
	struct ends *ends;
	struct connection *c; /* NULL once closed or aborted */
	struct buf in;	      /* all that came */
	unsigned calls;	      /* of data */
	bool connected;
	bool tls_up;
	bool tls_failed;
	unsigned drained;
	bool ended;
	enum connection_end how;
	char reason[200];
	bool echo;			   /* writes back what comes */
	void (*on_data)(struct end *e);	   /* after it was added to in; NULL = nothing */
	void (*on_drained)(struct end *e); /* NULL = nothing */
};

struct ends {
	struct loop *loop;
	int fd;
	struct listener *listener;
	struct loop_timer *deadline;
	bool late;
	struct end a; /* dialled */
	struct end b; /* accepted; its C is NULL until then */
};

/* Opens the listener on a free port. */
void ends_init(struct ends *t);
/* Closes what is open, and waits until nothing closes any more. */
void ends_fini(struct ends *t);
/* Dials, and waits until both ends are there. */
void ends_join(struct ends *t);
/* One turn; fails the test when it has taken half a minute in all. */
void ends_turn(struct ends *t);
/* One turn that does not wait for anything. */
void ends_empty_turn(struct ends *t);
/* Until no connection is closing any more. */
void ends_until_closed(struct ends *t);
/* A blocking socket that is connected to what becomes b, once accepted. */
int ends_dial_raw(struct ends *t);
/* How many descriptors the process has open. */
unsigned ends_descriptors(void);
extern const struct connection_events ends_events; /* the context is a struct end */

#define ENDS_UNTIL(t, condition) \
	do { \
		while (!(condition)) \
			ends_turn(t); \
	} while (0)

#endif
