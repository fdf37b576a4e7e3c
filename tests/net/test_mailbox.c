/* mailbox: order for each sender, from other threads and its own; what is left when it is freed. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/mailbox.h"

#define SENDERS 4
#define MESSAGES 50000

struct letter {
	struct mail mail; /* first */
	int sender;
	int number;
};

struct office {
	struct loop *l;
	struct mailbox *box;
	int next[SENDERS]; /* the number expected of each */
	int received;
	int wanted;
	bool in_post; /* a post is under way in this thread */
	int forward;  /* letters that the receiver posts itself */
	bool free_at_once;
};

static void post(struct office *o, int sender, int number)
{
	struct letter *letter = calloc(1, sizeof(*letter));

	if (!letter)
		abort();
	letter->sender = sender;
	letter->number = number;
	mailbox_post(o->box, &letter->mail);
}

static void receive(void *context, struct mail *mail)
{
	struct office *o = context;
	struct letter *letter = (struct letter *)mail;

	assert_false(o->in_post);
	assert_int_equal(letter->number, o->next[letter->sender]);
	o->next[letter->sender]++;
	free(letter);
	if (o->forward) {
		o->forward--;
		o->in_post = true;
		post(o, 1, o->next[0]++ - 1);
		o->in_post = false;
	}
	if (o->free_at_once) {
		struct mailbox *box = o->box;
		o->free_at_once = false;
		mailbox_free(box);
	}
	if (++o->received == o->wanted)
		loop_stop(o->l);
}

static void init(struct office *o, int wanted)
{
	memset(o, 0, sizeof(*o));
	o->l = loop_new();
	assert_non_null(o->l);
	o->box = mailbox_new(o->l, receive, o);
	assert_non_null(o->box);
	o->wanted = wanted;
}

struct sender {
	pthread_t thread;
	struct office *office;
	int number;
};

static void *send_many(void *context)
{
	struct sender *s = context;
	int i;

	for (i = 0; i < MESSAGES; i++)
		post(s->office, s->number, i);
	return NULL;
}

static void test_many_senders(void **state)
{
	struct sender senders[SENDERS];
	struct office o;
	int i;

	(void)state;
	init(&o, SENDERS * MESSAGES);
	for (i = 0; i < SENDERS; i++) {
		senders[i] = (struct sender){ .office = &o, .number = i };
		assert_int_equal(pthread_create(&senders[i].thread, NULL, send_many, &senders[i]),
				 0);
	}
	loop_run(o.l);
	for (i = 0; i < SENDERS; i++) {
		pthread_join(senders[i].thread, NULL);
		assert_int_equal(o.next[i], MESSAGES);
	}
	mailbox_free(o.box);
	loop_free(o.l);
}

/* Two loops throw one letter to and fro: each post wakes a loop that sleeps. */
struct player {
	struct loop *l;
	struct mailbox *box;
	struct player *other;
	int left;
	struct mail **kept;
};

static void throw_back(void *context, struct mail *mail)
{
	struct player *p = context;
	bool last = --p->left == 0;

	if (p->kept) {
		*p->kept = mail;
		return;
	}
	mailbox_post(p->other->box, mail);
	if (last)
		loop_stop(p->l);
}

static void *play(void *context)
{
	loop_run(((struct player *)context)->l);
	return NULL;
}

static void test_wakes_a_sleeping_loop(void **state)
{
	struct player a = { .left = 10000 }, b = { .left = 10000 };
	struct mail ball, *kept = NULL;
	pthread_t thread;

	(void)state;
	a.other = &b;
	b.other = &a;
	a.l = loop_new();
	b.l = loop_new();
	a.box = mailbox_new(a.l, throw_back, &a);
	b.box = mailbox_new(b.l, throw_back, &b);
	mailbox_post(a.box, &ball);
	assert_int_equal(pthread_create(&thread, NULL, play, &b), 0);
	loop_run(a.l);
	pthread_join(thread, NULL);
	assert_int_equal(a.left, 0);
	assert_int_equal(b.left, 0);
	/* the ball lies in one of the boxes, which gives it to its player once more: now one that keeps it */
	a.kept = b.kept = &kept;
	mailbox_free(a.box);
	mailbox_free(b.box);
	assert_ptr_equal(kept, &ball);
	loop_free(a.l);
	loop_free(b.l);
}

static void test_own_thread_never_inside_the_call(void **state)
{
	struct office o;
	int i;

	(void)state;
	init(&o, 20);
	o.in_post = true;
	for (i = 0; i < 20; i++)
		post(&o, 2, i);
	o.in_post = false;
	assert_int_equal(o.received, 0);
	loop_run(o.l);
	assert_int_equal(o.next[2], 20);
	mailbox_free(o.box);
	loop_free(o.l);
}

static void test_receiver_posts(void **state)
{
	struct office o;

	(void)state;
	init(&o, 101);
	o.forward = 100;
	o.next[0] = 1;
	post(&o, 3, 0);
	loop_run(o.l);
	assert_int_equal(o.next[1], 100);
	mailbox_free(o.box);
	loop_free(o.l);
}

static void test_what_is_left_is_given_away(void **state)
{
	struct office o;
	int i;

	(void)state;
	init(&o, -1);
	for (i = 0; i < 10; i++)
		post(&o, 0, i);
	mailbox_free(o.box);
	assert_int_equal(o.received, 10);
	mailbox_free(NULL);
	loop_free(o.l);
}

static void test_freed_by_its_receiver(void **state)
{
	struct office o;
	int i;

	(void)state;
	init(&o, 10);
	o.free_at_once = true;
	for (i = 0; i < 5; i++)
		post(&o, 0, i);
	o.wanted = 5;
	loop_run(o.l);
	assert_int_equal(o.received, 5);
	loop_free(o.l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_senders),
		cmocka_unit_test(test_wakes_a_sleeping_loop),
		cmocka_unit_test(test_own_thread_never_inside_the_call),
		cmocka_unit_test(test_receiver_posts),
		cmocka_unit_test(test_what_is_left_is_given_away),
		cmocka_unit_test(test_freed_by_its_receiver),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
