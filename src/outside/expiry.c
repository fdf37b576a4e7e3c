#include "outside/expiry.h"

#define SECOND 1000

/* Milliseconds until the first second that is behind the end. */
static uint64_t left(const struct expiry *e, int64_t wall)
{
	return wall > e->end ? 0 : (uint64_t)(e->end - wall + 1) * SECOND;
}

void expiry_begin(struct expiry *e, int64_t end, int64_t wall, uint64_t now)
{
	e->end = end;
	e->look_at = now + left(e, wall);
}

bool expiry_is_over(struct expiry *e, int64_t wall, uint64_t now)
{
	uint64_t wait = left(e, wall);

	if (!e->end || now < e->look_at)
		return false;
	if (wait)
		e->look_at = now + (wait < EXPIRY_LOOK_MS ? wait : EXPIRY_LOOK_MS);
	return !wait;
}
