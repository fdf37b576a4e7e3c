/* loop: timers, tasks, descriptors, signals; and all of them freed where it hurts. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "net/loop.h"

/* What happened, in order, one letter each. */
struct story {
	struct loop *l;
	char text[4096];
	size_t len;
	struct loop_timer *timer[3];
	struct loop_watch *watch[2];
	struct loop_task task[4];
	int fd[2];
	int count;
};

static void tell(struct story *s, char c)
{
	if (s->len < sizeof(s->text) - 1)
		s->text[s->len++] = c;
}

static int set_up(void **state)
{
	static struct story story;

	memset(&story, 0, sizeof(story));
	story.l = loop_new();
	*state = &story;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, story.fd))
		return -1;
	return story.l ? 0 : -1;
}

static int tear_down(void **state)
{
	struct story *s = *state;
	size_t i;

	for (i = 0; i < 3; i++)
		loop_timer_free(s->timer[i]);
	for (i = 0; i < 2; i++) {
		loop_watch_free(s->watch[i]);
		close(s->fd[i]);
	}
	loop_free(s->l);
	return 0;
}

/* ---- timers ---- */

static void first(void *context)
{
	tell(context, '1');
}

static void second(void *context)
{
	tell(context, '2');
}

static void stop(void *context)
{
	struct story *s = context;

	tell(s, '.');
	loop_stop(s->l);
}

static void test_timers_in_order(void **state)
{
	struct story *s = *state;
	uint64_t begin = clock_monotonic_ms();

	s->timer[0] = loop_timer_new(s->l, stop, s);
	s->timer[1] = loop_timer_new(s->l, second, s);
	s->timer[2] = loop_timer_new(s->l, first, s);
	assert_false(loop_timer_is_set(s->timer[0]));
	loop_timer_set(s->timer[0], 60);
	loop_timer_set(s->timer[1], 30);
	loop_timer_set(s->timer[2], 1);
	assert_true(loop_timer_is_set(s->timer[0]));
	loop_run(s->l);
	assert_string_equal(s->text, "12.");
	assert_true(clock_monotonic_ms() - begin >= 50); /* the kernel's coarse clock */
	assert_true(loop_now(s->l) >= begin + 50);
	assert_false(loop_timer_is_set(s->timer[0])); /* one shot */
}

static void test_timer_is_set_again_and_stopped(void **state)
{
	struct story *s = *state;

	s->timer[0] = loop_timer_new(s->l, stop, s);
	s->timer[1] = loop_timer_new(s->l, first, s);
	s->timer[2] = loop_timer_new(s->l, second, s);
	loop_timer_set(s->timer[0], 40);
	loop_timer_set(s->timer[1], 60000);
	loop_timer_set(s->timer[1], 5);
	loop_timer_set(s->timer[2], 5);
	loop_timer_stop(s->timer[2]);
	assert_false(loop_timer_is_set(s->timer[2]));
	loop_run(s->l);
	assert_string_equal(s->text, "1.");
}

static void free_timers(void *context)
{
	struct story *s = context;

	tell(s, 'f');
	loop_timer_free(s->timer[0]); /* the one that calls */
	loop_timer_free(s->timer[1]); /* due in the same turn */
	s->timer[0] = s->timer[1] = NULL;
	loop_task_queue(s->l, &s->task[0]);
}

static void test_timer_freed_in_its_callback(void **state)
{
	struct story *s = *state;

	s->timer[0] = loop_timer_new(s->l, free_timers, s);
	s->timer[1] = loop_timer_new(s->l, first, s);
	loop_task_init(&s->task[0], stop, s);
	loop_timer_set(s->timer[0], 0);
	loop_timer_set(s->timer[1], 0);
	loop_run(s->l);
	assert_true(!strcmp(s->text, "f.") || !strcmp(s->text, "1f."));
}

/* ---- tasks ---- */

static void test_tasks_run_in_order_once(void **state)
{
	struct story *s = *state;

	loop_task_init(&s->task[0], first, s);
	loop_task_init(&s->task[1], second, s);
	loop_task_init(&s->task[2], stop, s);
	loop_task_queue(s->l, &s->task[0]);
	loop_task_queue(s->l, &s->task[1]);
	loop_task_queue(s->l, &s->task[0]);
	loop_task_queue(s->l, &s->task[2]);
	assert_int_equal(s->len, 0);
	loop_run(s->l);
	assert_string_equal(s->text, "12.");
	loop_task_queue(s->l, &s->task[1]);
	loop_task_queue(s->l, &s->task[2]);
	loop_run(s->l);
	assert_string_equal(s->text, "12.2.");
}

static void test_tasks_are_cancelled(void **state)
{
	struct story *s = *state;
	int i, left;

	for (left = 0; left < 3; left++) { /* the first, the middle, the last one stays */
		s->len = 0;
		memset(s->text, 0, sizeof(s->text));
		for (i = 0; i < 3; i++) {
			loop_task_init(&s->task[i], i == 0 ? first : i == 1 ? second : stop, s);
			loop_task_queue(s->l, &s->task[i]);
		}
		for (i = 0; i < 3; i++)
			if (i != left)
				loop_task_cancel(s->l, &s->task[i]);
		loop_task_cancel(s->l, &s->task[(left + 1) % 3]); /* twice is allowed */
		loop_task_init(&s->task[3], stop, s);
		loop_task_queue(s->l, &s->task[3]);
		loop_run(s->l);
		assert_string_equal(s->text, left == 0 ? "1." : left == 1 ? "2." : "..");
	}
}

static void cancel_others(void *context)
{
	struct story *s = context;

	tell(s, 'c');
	loop_task_cancel(s->l, &s->task[1]);
	loop_task_cancel(s->l, &s->task[3]);
	loop_task_queue(s->l, &s->task[0]);
	if (++s->count == 2)
		loop_stop(s->l);
}

static void test_task_cancels_others_and_queues_itself(void **state)
{
	struct story *s = *state;

	loop_task_init(&s->task[0], cancel_others, s);
	loop_task_init(&s->task[1], first, s);
	loop_task_init(&s->task[2], second, s);
	loop_task_init(&s->task[3], first, s);
	loop_task_queue(s->l, &s->task[0]);
	loop_task_queue(s->l, &s->task[1]);
	loop_task_queue(s->l, &s->task[2]);
	loop_task_queue(s->l, &s->task[3]);
	loop_run(s->l);
	assert_int_equal(strncmp(s->text, "c2c", 3), 0);
	loop_task_cancel(s->l, &s->task[0]);
}

/* ---- descriptors ---- */

static void for_ever(void *context)
{
	struct story *s = context;

	s->count++;
	loop_task_queue(s->l, &s->task[0]);
}

static void on_readable(void *context, unsigned what)
{
	struct story *s = context;
	char c;

	assert_int_equal(what, LOOP_READ);
	assert_int_equal(read(s->fd[0], &c, 1), 1);
	tell(s, c);
	if (c == '.')
		loop_stop(s->l);
}

static void test_endless_tasks_starve_no_descriptor(void **state)
{
	struct story *s = *state;

	loop_task_init(&s->task[0], for_ever, s);
	loop_task_queue(s->l, &s->task[0]);
	s->watch[0] = loop_watch_new(s->l, s->fd[0], on_readable, s);
	loop_watch_set(s->watch[0], LOOP_READ);
	assert_int_equal(write(s->fd[1], "ab.", 3), 3);
	loop_run(s->l);
	assert_string_equal(s->text, "ab.");
	assert_true(s->count > 0 && s->count < 1000);
	loop_task_cancel(s->l, &s->task[0]);
}

static void on_either(void *context, unsigned what)
{
	struct story *s = context;

	if (what & LOOP_WRITE)
		tell(s, 'w');
	if (what & LOOP_READ)
		tell(s, 'r');
	loop_stop(s->l);
}

static void test_watch_says_what(void **state)
{
	struct story *s = *state;

	s->watch[0] = loop_watch_new(s->l, s->fd[0], on_either, s);
	loop_watch_set(s->watch[0], LOOP_READ | LOOP_WRITE);
	loop_run(s->l);
	assert_string_equal(s->text, "w");
	assert_int_equal(write(s->fd[1], "x", 1), 1);
	loop_run(s->l);
	assert_string_equal(s->text, "wwr");
	loop_watch_set(s->watch[0], LOOP_READ);
	loop_run(s->l);
	assert_string_equal(s->text, "wwrr");
	loop_watch_set(s->watch[0], 0); /* a pause: the byte still waits */
	s->timer[0] = loop_timer_new(s->l, stop, s);
	loop_timer_set(s->timer[0], 10);
	loop_run(s->l);
	assert_string_equal(s->text, "wwrr.");
}

static void free_watches(void *context, unsigned what)
{
	struct story *s = context;

	(void)what;
	tell(s, 'f');
	loop_watch_free(s->watch[0]);
	loop_watch_free(s->watch[1]);
	s->watch[0] = s->watch[1] = NULL;
	loop_task_queue(s->l, &s->task[0]);
}

static void test_watch_frees_both(void **state)
{
	struct story *s = *state;

	loop_task_init(&s->task[0], stop, s);
	s->watch[0] = loop_watch_new(s->l, s->fd[0], free_watches, s);
	s->watch[1] = loop_watch_new(s->l, s->fd[1], free_watches, s);
	loop_watch_set(s->watch[0], LOOP_WRITE);
	loop_watch_set(s->watch[1], LOOP_WRITE);
	loop_run(s->l);
	assert_string_equal(s->text, "f.");
}

/* ---- signals ---- */

static void raise_it(void *context)
{
	(void)context;
	raise(SIGUSR1);
}

static void test_signal(void **state)
{
	struct story *s = *state;
	struct loop_signal *signal = loop_signal_new(s->l, SIGUSR1, stop, s);

	assert_non_null(signal);
	loop_task_init(&s->task[0], raise_it, s);
	loop_task_queue(s->l, &s->task[0]);
	loop_run(s->l);
	assert_string_equal(s->text, ".");
	loop_signal_free(signal);
	loop_signal_free(NULL);
}

static void test_nothing_to_free(void **state)
{
	(void)state;
	loop_free(NULL);
	loop_timer_free(NULL);
	loop_watch_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_timers_in_order),
		TEST(test_timer_is_set_again_and_stopped),
		TEST(test_timer_freed_in_its_callback),
		TEST(test_tasks_run_in_order_once),
		TEST(test_tasks_are_cancelled),
		TEST(test_task_cancels_others_and_queues_itself),
		TEST(test_endless_tasks_starve_no_descriptor),
		TEST(test_watch_says_what),
		TEST(test_watch_frees_both),
		TEST(test_signal),
		TEST(test_nothing_to_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
