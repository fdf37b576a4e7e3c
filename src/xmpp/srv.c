#include "xmpp/srv.h"

#include <stdlib.h>

static int by_priority(const void *a, const void *b)
{
	const struct srv *x = a, *y = b;

	return (x->priority > y->priority) - (x->priority < y->priority);
}

static void swap(struct srv *a, struct srv *b)
{
	struct srv kept = *a;

	*a = *b;
	*b = kept;
}

/* The record of the number NTH (from 0) among those of weight 0. */
static size_t pick_weightless(const struct srv *group, uint32_t nth)
{
	size_t i = 0;

	while (group[i].weight || nth--)
		i++;
	return i;
}

/*
 * Which of a group of one priority comes next. The weightless count as if they stood at the beginning of the list, so that
 * they are drawn with the number 0 alone; among themselves they are equal. [RFC2782]
 */
static size_t pick(const struct srv *group, size_t count,
		   uint32_t (*next)(void *context, uint32_t below), void *context)
{
	uint32_t sum = 0, weightless = 0, drawn;
	size_t i;

	for (i = 0; i < count; i++) {
		sum += group[i].weight;
		weightless += !group[i].weight;
	}
	drawn = sum ? next(context, sum + 1) : 0;
	if (!drawn && weightless)
		return pick_weightless(group, weightless > 1 ? next(context, weightless) : 0);
	for (i = 0; drawn > group[i].weight; i++)
		drawn -= group[i].weight;
	return i;
}

void srv_order(struct srv *records, size_t count, uint32_t (*next)(void *context, uint32_t below),
	       void *context)
{
	size_t i, end = 0;

	if (count)
		qsort(records, count, sizeof(*records), by_priority);
	for (i = 0; i < count && i < SRV_TARGETS_MAX; i++) {
		while (end < count && records[end].priority == records[i].priority)
			end++;
		if (end > i + 1)
			swap(&records[i], &records[i + pick(records + i, end - i, next, context)]);
	}
}
