#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "remote_int.h"

#define DOMAIN_WIDTH 30

static int compare(const void *x, const void *y)
{
	const json_t *a = *(json_t *const *)x, *b = *(json_t *const *)y;
	json_int_t m = json_integer_value(json_object_get(a, "not-after"));
	json_int_t n = json_integer_value(json_object_get(b, "not-after"));
	int rc = (m > n) - (m < n);

	if (!rc)
		rc = strcmp(remote_str(a, "domain"), remote_str(b, "domain"));
	return rc ? rc : strcmp(remote_str(a, "direction"), remote_str(b, "direction"));
}

static void print_one(const json_t *c, struct buf *out)
{
	const char *usages = remote_str(c, "usages");
	char domain[300], issuer[300], day[16], who[24];

	remote_plain(remote_str(c, "domain"), domain, sizeof(domain));
	remote_plain(remote_str(c, "issuer"), issuer, sizeof(issuer));
	snprintf(who, sizeof(who), "%.8s %.8s", remote_str(c, "whose"), remote_str(c, "direction"));
	buf_addf(out, "%c %5lld  %s  %-12s  %-14s  %-*s  %s\n",
		 remote_bool(c, "warning") ? '!' : ' ',
		 (long long)json_integer_value(json_object_get(c, "days-left")),
		 remote_day((int64_t)remote_int(c, "not-after"), day), who,
		 *usages ? usages : "any", DOMAIN_WIDTH, domain, issuer);
	if (*remote_str(c, "note"))
		buf_addf(out, "%9s%s\n", "", remote_str(c, "note"));
}

int command_certificates(const struct command_options *options)
{
	json_t *o = remote_result(options, "certificates", NULL), *list;
	const json_t **sorted;
	struct buf out;
	size_t i, count;

	if (!o)
		return COMMAND_FAILED;
	if (options->json)
		return report_json_write(o);
	list = json_object_get(o, "certificates");
	count = json_array_size(list);
	sorted = mem_new((count + 1) * sizeof(*sorted));
	for (i = 0; i < count; i++)
		sorted[i] = json_array_get(list, i);
	qsort(sorted, count, sizeof(*sorted), compare);
	buf_init(&out, REPORT_MAX);
	if (count)
		buf_addf(&out, "   DAYS  ENDS        WHOSE         USAGES          %-*s  ISSUER\n",
			 DOMAIN_WIDTH, "DOMAIN");
	else
		buf_adds(&out, "no certificate is in use, and none of a partner was seen\n");
	for (i = 0; i < count; i++)
		print_one(sorted[i], &out);
	free(sorted);
	json_decref(o);
	return command_write(&out);
}
