/* loop_int: what the other rooms of net keep with a loop. */
#ifndef NET_LOOP_INT_H
#define NET_LOOP_INT_H

#include "net/loop.h"

struct event_base;

/* For the resolver, which shares it with its library. Borrowed. */
struct event_base *loop_event_base(struct loop *l);

/* The connections' common things, made by the first connection; FREE is called by loop_free. */
void *loop_connections(const struct loop *l); /* NULL before they are set */
void loop_set_connections(struct loop *l, void *connections, void (*free_them)(void *connections));

#endif
