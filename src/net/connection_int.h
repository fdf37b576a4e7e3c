/*
 * connection_int: the inside of a connection, for connection*.c.
 *
 * connection.c has its life, connection_io.c what comes and goes, connection_tls.c the handshake.
 */
#ifndef NET_CONNECTION_INT_H
#define NET_CONNECTION_INT_H

#include "base/buf.h"
#include "net/connection.h"
#include "tls_int.h"

#define CONNECTION_INPUT ((size_t)64 << 10) /* read in one go */
#define CONNECTION_OUTPUT_MAX \
	((size_t)32 << 20) /* owners heed connection_is_full: this is for the others */
#define CONNECTION_SPARE_MAX ((size_t)256 << 10)
#define CONNECTION_REASON_SIZE 200
#define CONNECTION_CLOSING_MAX \
	256 /* that are waited for: more get what is written, and no time; they count in no limit */

/* What the connections of a loop have in common. */
struct connections {
	struct loop *loop;
	struct loop_task reap;
	struct connection *dead;
	struct connection *closing;
	unsigned closing_count;
	struct buf spare; /* an output buffer that nobody uses */
	char reason[CONNECTION_REASON_SIZE];
	char input[CONNECTION_INPUT];
};

enum connection_phase {
	CONNECTION_DIALLING,
	CONNECTION_CLEAR,
	CONNECTION_TLS_ASKED, /* what was written in clear leaves; nothing is read */
	CONNECTION_HANDSHAKE,
	CONNECTION_TLS
};

struct connection {
	struct connections *room;
	const struct connection_events *events;
	void *context;
	struct loop_watch *watch;
	struct loop_task turn_end; /* writes, and what else waits for the end of the turn */
	struct loop_task go_on;	   /* reads what no event will tell of */
	struct loop_timer *grace;
	int fd;
	enum connection_phase phase;
	int dial_error;
	bool connected : 1; /* at once, not yet told */
	bool paused : 1;
	bool input_ended : 1; /* the peer's end was seen and told */
	bool lost : 1;	      /* nothing more comes or goes */
	bool output_shut : 1;
	bool closing : 1; /* no longer its owner's */
	bool dead : 1;
	bool full : 1;
	bool write_blocked : 1;	   /* waits for the descriptor */
	bool write_wants_read : 1; /* TLS must read before it can write on */
	bool read_wants_write : 1; /* and the other way round */
	bool handshake_wants_write : 1;
	struct buf out;
	size_t out_start;  /* what of it has left */
	size_t clear_left; /* TLS_ASKED: what of it leaves in clear */
	uint64_t last_input, last_output;
	struct net_address peer;
	SSL *ssl;
	struct tls_peer tls_peer;
	const struct tls *tls;
	char *local;	   /* until the handshake begins */
	char *server_name; /* until the handshake begins */
	unsigned wants;
	bool accept;
	bool direct;
	void *hold;
	void (*release)(void *hold);
	struct connection *next; /* of the closing, or of the dead */
	struct connection **link;
};

/* connection.c */
void connection_update_watch(struct connection *c);
/* Tells the owner; what is closing goes away. */
void connection_ended(struct connection *c, enum connection_end end, const char *reason);
/* Frees at the end of the turn. */
void connection_bury(struct connection *c);

/* connection_io.c */
void connection_input(struct connection *c);
/* Reads and forgets; a connection that is closing. */
void connection_discard(struct connection *c);
/* False when the connection ended. Else, nothing may be left, or the descriptor blocks. */
bool connection_output(struct connection *c);
/* Ends our direction, which has nothing left to write. */
void connection_shut_output(struct connection *c);
void connection_output_free(struct connection *c);

/* connection_tls.c */
void connection_begin_handshake(struct connection *c);
void connection_handshake(struct connection *c);

#endif
