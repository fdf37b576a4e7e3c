#include "eval_srv.h"

#include <stdio.h>
#include <string.h>

#include "xmpp/srv.h"

/* What chance is to say, in the order in which it is asked. */
struct drawn {
	char *left; /* a,b,c */
	bool wrong;
};

static uint32_t draw(void *context, uint32_t below)
{
	struct drawn *d = context;
	char *item = eval_next_item(&d->left);
	unsigned number, limit;

	if (!item || sscanf(item, "%u/%u", &number, &limit) != 2 || limit != below) {
		d->wrong = true;
		return 0;
	}
	return number;
}

static bool read_records(struct eval_case *c, struct srv *records, size_t *count)
{
	int i;

	for (i = 2; i < c->count; i++) {
		struct srv *r = &records[(*count)++];
		unsigned priority, weight;
		if (sscanf(eval_text(c, i), "%u:%u:%200s", &priority, &weight, r->target) != 3)
			return eval_fail(c, "PRIORITY:WEIGHT:TARGET expected");
		r->priority = (uint16_t)priority;
		r->weight = (uint16_t)weight;
	}
	return true;
}

bool eval_srv(struct eval_case *c, void *ctx)
{
	struct srv records[EVAL_FIELDS_MAX] = { { 0 } };
	struct drawn d = { 0 };
	char order[1024] = "";
	size_t i, used, count = 0;

	(void)ctx;
	if (c->count < 3)
		return eval_fail(c, "ORDER DRAWN RECORD… expected");
	if (!read_records(c, records, &count))
		return false;
	if (strcmp(eval_text(c, 1), "-"))
		d.left = c->fields[1].text;
	srv_order(records, count, draw, &d);
	for (i = used = 0; i < count; i++)
		used += (size_t)snprintf(order + used, sizeof(order) - used, "%s%s", i ? "," : "",
					 records[i].target);
	if (d.wrong)
		return eval_fail(c, "chance was asked for another number");
	if (eval_next_item(&d.left))
		return eval_fail(c, "chance was not asked for all numbers");
	return eval_expect(c, 0, order);
}
