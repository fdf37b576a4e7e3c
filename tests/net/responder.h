/*
 * responder: a name server that answers what a test tells it to, on the loop under test; UDP and TCP, loopback, a free port.
 *
 * What is too long for UDP is cut off there, as by a real one.
 */
#ifndef TESTS_NET_RESPONDER_H
#define TESTS_NET_RESPONDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/address.h"
#include "net/loop.h"

struct responder;

struct question {
	char name[256]; /* lower case, without the last dot */
	int type;
	bool tcp;
};

struct reply {
	unsigned char data[65535];
	size_t len;
	uint32_t ttl; /* of what is added; 300 where nobody says otherwise */
};

/* Composes what is sent: R holds the question and a head that says there is nothing, without an error. False: nothing is sent. */
typedef bool (*responder_fn)(void *context, const struct question *q, struct reply *r);

struct responder *responder_new(struct loop *l, responder_fn fn, void *context);
void responder_free(struct responder *s);
struct net_address responder_address(const struct responder *s);
/* One more packet to who asked last by UDP, before the answer. */
void responder_send(struct responder *s, const void *data, size_t len);

void reply_code(struct reply *r, int code);
/* Adds to the answers (first) or, with a SOA, to the authority. NAME NULL = the question's. */
void reply_srv(struct reply *r, const char *name, int priority, int weight, int port,
	       const char *target);
void reply_address(struct reply *r, const char *name, const char *literal);
void reply_cname(struct reply *r, const char *name, const char *target);
void reply_soa(struct reply *r, const char *zone, uint32_t ttl, uint32_t minimum);
void reply_record(struct reply *r, const char *name, int type, const void *data, size_t len);

#endif
