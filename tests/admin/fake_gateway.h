/*
 * fake_gateway: what the commands ask of a gateway, with answers that are always the same.
 *
 * Linked instead of the real one. Reports come when fake_gateway_answer is called, or, with a loop, at the end of the turn.
 */
#ifndef TESTS_FAKE_GATEWAY_H
#define TESTS_FAKE_GATEWAY_H

#include "gateway/gateway.h"

enum fake_kind {
	FAKE_EMPTY, /* just started */
	FAKE_SMALL, /* few streams, short names */
	FAKE_BUSY   /* everything that can be said */
};

struct gateway {
	struct config config;
	enum fake_kind kind;
	struct loop *loop; /* NULL = answered by hand */
	struct loop_task task;
	gateway_report_fn fn; /* NULL = nobody asks */
	void *context;
	unsigned asked;
};

/* Row 7 for partner.example, row 8 for example.org; chat.example.com is local. */
void fake_gateway_init(struct gateway *g, enum fake_kind kind, struct loop *loop);
void fake_gateway_fini(struct gateway *g);
void fake_gateway_answer(struct gateway *g);

#endif
