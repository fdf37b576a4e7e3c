#include "net/mailbox.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox {
	_Atomic(struct mail *) posted; /* the newest first */
	int fd;			       /* readable when something was posted to an empty box */
	struct loop_watch *watch;
	mailbox_fn fn;
	void *context;
	struct mail *batch; /* taken out, the oldest first */
	bool busy;	    /* messages are being handed out: whoever does that frees the box */
	bool freed;
};

/* Takes all out. The newest is first in the box; senders saw theirs go in one after the other. */
static void take(struct mailbox *m)
{
	struct mail *mail = atomic_exchange_explicit(&m->posted, NULL, memory_order_acquire);

	while (mail) {
		struct mail *older = mail->next;
		mail->next = m->batch;
		m->batch = mail;
		mail = older;
	}
}

static struct mail *next_mail(struct mailbox *m)
{
	struct mail *mail = m->batch;

	if (!mail)
		return NULL;
	m->batch = mail->next;
	mail->next = NULL;
	return mail;
}

static void receive(void *context, unsigned what)
{
	struct mailbox *m = context;
	struct mail *mail;
	uint64_t count;

	(void)what;
	/* first the bell, then the box: what is posted in between rings once too often */
	if (read(m->fd, &count, sizeof(count)) < 0 && errno != EAGAIN && errno != EINTR)
		abort();
	take(m);
	m->busy = true;
	while (!m->freed && (mail = next_mail(m)))
		m->fn(m->context, mail);
	m->busy = false;
	if (m->freed)
		free(m);
}

struct mailbox *mailbox_new(struct loop *l, mailbox_fn fn, void *context)
{
	struct mailbox *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->fn = fn;
	m->context = context;
	m->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	m->watch = m->fd >= 0 ? loop_watch_new(l, m->fd, receive, m) : NULL;
	if (!m->watch) {
		mailbox_free(m);
		return NULL;
	}
	loop_watch_set(m->watch, LOOP_READ);
	return m;
}

void mailbox_free(struct mailbox *m)
{
	struct mail *mail;

	if (!m)
		return;
	/* what a receiver posts now comes too, behind the rest */
	do {
		while ((mail = next_mail(m)))
			m->fn(m->context, mail);
		take(m);
	} while (m->batch);
	loop_watch_free(m->watch);
	if (m->fd >= 0)
		close(m->fd);
	m->freed = true;
	if (!m->busy)
		free(m);
}

void mailbox_post(struct mailbox *m, struct mail *mail)
{
	static const uint64_t one = 1;
	struct mail *newest = atomic_load_explicit(&m->posted, memory_order_relaxed);

	do
		mail->next = newest;
	while (!atomic_compare_exchange_weak_explicit(&m->posted, &newest, mail,
						      memory_order_release, memory_order_relaxed));
	/* only who finds it empty rings; a counter that is full has rung already */
	while (!newest && write(m->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}
