/*
 * loop: one event loop, for one thread.
 *
 * Hides the event library. Everything made from a loop belongs to the loop's thread, is used by it alone, and is freed
 * before the loop. Callbacks come from loop_run only, never from inside the call that asks for them. Freeing a timer, watch
 * or task is allowed everywhere, its own callback too; a callback never comes after.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

typedef void (*loop_fn)(void *context);

struct loop;

/* NULL when the kernel or memory gives nothing. */
struct loop *loop_new(void);
void loop_free(struct loop *l); /* NULL is allowed */
/* Until loop_stop. */
void loop_run(struct loop *l);
/* Ends loop_run after the turn that is under way. */
void loop_stop(struct loop *l);
/* Milliseconds of the monotonic clock as of this turn: cheap. */
uint64_t loop_now(const struct loop *l);

/* Timers: one shot, milliseconds. */
struct loop_timer;
struct loop_timer *loop_timer_new(struct loop *l, loop_fn fn, void *context);
void loop_timer_set(struct loop_timer *t, uint64_t ms); /* (again) from now */
void loop_timer_stop(struct loop_timer *t);
bool loop_timer_is_set(const struct loop_timer *t);
void loop_timer_free(struct loop_timer *t); /* NULL is allowed */

/* Work at the end of the turn: after all input of the turn was handled, before the loop waits again. Asked for twice, it is
 * done once. Embedded in its owner, which cancels it before it goes away. */
struct loop_task {
	loop_fn fn;
	void *context;
	struct loop_task *next;
	struct loop_task **link; /* NULL while not queued */
};
void loop_task_init(struct loop_task *t, loop_fn fn, void *context);
void loop_task_queue(struct loop *l, struct loop_task *t);
void loop_task_cancel(struct loop *l, struct loop_task *t);

/* Watching a descriptor, level-triggered; the descriptor is borrowed. */
enum loop_what { LOOP_READ = 1, LOOP_WRITE = 2 };
typedef void (*loop_watch_fn)(void *context, unsigned what);
struct loop_watch;
struct loop_watch *loop_watch_new(struct loop *l, int fd, loop_watch_fn fn, void *context);
void loop_watch_set(struct loop_watch *w, unsigned what); /* a set of loop_what; 0 = pause */
void loop_watch_free(struct loop_watch *w);		  /* NULL is allowed */

/* A signal of the process; by one loop only. */
struct loop_signal;
struct loop_signal *loop_signal_new(struct loop *l, int number, loop_fn fn, void *context);
void loop_signal_free(struct loop_signal *s); /* NULL is allowed */

#endif
