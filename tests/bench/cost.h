/*
 * cost: what processes have used, and figures of many measurements.
 *
 * CPU time is the scheduler's, of all threads, those that ended too; exact to the nanosecond.
 */
#ifndef BENCH_COST_H
#define BENCH_COST_H

#include <stddef.h>
#include <sys/types.h>

#define COST_PROCESSES 4

struct cost { /* the processes that make up a server */
	pid_t pids[COST_PROCESSES];
	unsigned count;
};

double cost_cpu(const struct cost *c);	  /* seconds, of all of them */
long cost_memory(const struct cost *c);	  /* resident bytes */
unsigned cost_open(const struct cost *c); /* descriptors */
double cost_now(void);			  /* seconds of the monotonic clock */
/* Sorts VALUES; the one below which PART of them lie. */
double cost_quantile(double *values, size_t count, double part);
/* Ends the program. */
void cost_fail(const char *what) __attribute__((noreturn));

#endif
