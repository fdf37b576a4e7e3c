#include "cost.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void cost_fail(const char *what)
{
	fprintf(stderr, "bench: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
	exit(1);
}

static double seconds(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t))
		cost_fail("clock_gettime");
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double cost_cpu(const struct cost *c)
{
	double sum = 0;
	clockid_t clock;
	unsigned i;

	for (i = 0; i < c->count; i++) {
		errno = clock_getcpuclockid(c->pids[i], &clock);
		if (errno)
			cost_fail("a server's CPU clock");
		sum += seconds(clock);
	}
	return sum;
}

double cost_now(void)
{
	return seconds(CLOCK_MONOTONIC);
}

long cost_memory(const struct cost *c)
{
	long sum = 0, size, resident;
	char path[64];
	unsigned i;
	FILE *f;

	for (i = 0; i < c->count; i++) {
		snprintf(path, sizeof(path), "/proc/%ld/statm", (long)c->pids[i]);
		f = fopen(path, "re");
		if (!f || fscanf(f, "%ld %ld", &size, &resident) != 2)
			cost_fail(path);
		fclose(f);
		sum += resident * sysconf(_SC_PAGESIZE);
	}
	return sum;
}

unsigned cost_open(const struct cost *c)
{
	unsigned sum = 0, i;
	char path[64];
	DIR *d;

	for (i = 0; i < c->count; i++) {
		snprintf(path, sizeof(path), "/proc/%ld/fd", (long)c->pids[i]);
		d = opendir(path);
		if (!d)
			cost_fail(path);
		while (readdir(d))
			sum++;
		closedir(d);
		sum -= 2; /* . and .. */
	}
	return sum;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double cost_quantile(double *values, size_t count, double part)
{
	qsort(values, count, sizeof(*values), compare);
	return values[(size_t)(part * (double)(count - 1))];
}
