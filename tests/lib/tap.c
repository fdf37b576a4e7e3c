#include "tap.h"

#include <stdarg.h>
#include <stdio.h>

static unsigned count, bad;

bool tap_ok(bool good, const char *format, ...)
{
	va_list args;

	count++;
	if (!good)
		bad++;
	printf("%sok %u - ", good ? "" : "not ", count);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	return good;
}

void tap_note(const char *format, ...)
{
	va_list args;

	printf("# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

int tap_done(void)
{
	printf("1..%u\n", count);
	return bad || !count;
}
