/*
 * mailbox: messages between loops; ownership moves with the message.
 *
 * Any thread posts; the loop's thread receives, in the order of posting for each sender. Belongs to its loop; whoever may
 * still post keeps it from being freed. What was posted and not received when it is freed is given to the receiver then.
 */
#ifndef NET_MAILBOX_H
#define NET_MAILBOX_H

#include "net/loop.h"

/* At the head of a message. */
struct mail {
	struct mail *next;
};

/* Takes the message. */
typedef void (*mailbox_fn)(void *context, struct mail *mail);

struct mailbox;

/* NULL when the kernel or memory gives nothing. */
struct mailbox *mailbox_new(struct loop *l, mailbox_fn fn, void *context);
void mailbox_free(struct mailbox *m); /* NULL is allowed */
/* Takes MAIL; never blocks, never fails. From the loop's own thread too: it is received in a later turn or at the end of this
 * one, never inside the call. */
void mailbox_post(struct mailbox *m, struct mail *mail);

#endif
