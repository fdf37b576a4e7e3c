#include "leak.h"

#include <stddef.h>
#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#define RUNS 200
#define SMALLEST 16 /* bytes that one allocation takes at least */

static size_t in_use(void)
{
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
	return mallinfo2().uordblks;
#else
	return 0;
#endif
}

bool leak_grows(void (*work)(void *context), void *context)
{
	size_t before;
	int i;

	for (i = 0; i < 10; i++) /* caches fill first */
		work(context);
	before = in_use();
	for (i = 0; i < RUNS; i++)
		work(context);
	return in_use() >= before + (size_t)RUNS * SMALLEST;
}
