#include "starve.h"

#include <errno.h>
#include <stdlib.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || \
	__has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
#define SANITIZED
#endif

static bool starving, once;
static unsigned left, failed;

void starve_after(unsigned count)
{
	left = count;
	failed = 0;
	starving = true;
	once = false;
}

void starve_once_after(unsigned count)
{
	starve_after(count);
	once = true;
}

unsigned starve_end(void)
{
	starving = false;
	return failed;
}

#ifdef SANITIZED

bool starve_can(void)
{
	return false;
}

#else

/* the names under which glibc exports its own */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

bool starve_can(void)
{
	return true;
}

static bool fails(void)
{
	if (!starving || (once && failed))
		return false;
	if (left) {
		left--;
		return false;
	}
	failed++;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

#endif
