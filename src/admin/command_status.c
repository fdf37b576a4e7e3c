#include <string.h>

#include "remote_int.h"

#define LABEL 16

static void label(struct buf *out, const char *name)
{
	buf_addf(out, "%-*s", LABEL, name);
}

static unsigned long long number(const json_t *o, const char *key)
{
	return (unsigned long long)remote_int(o, key);
}

static void print_head(const json_t *o, struct buf *out)
{
	char config[1024];

	buf_addf(out, "fedgated %s, process %llu, up ", remote_str(o, "version"), number(o, "pid"));
	remote_duration(remote_int(o, "uptime-ms"), out);
	buf_adds(out, ", ");
	report_count(remote_int(o, "workers"), "worker", out);
	buf_addc(out, '\n');
	remote_plain(remote_str(o, "config"), config, sizeof(config));
	buf_addf(out, "%s: ", config);
	report_count(remote_int(o, "domains"), "domain", out);
	buf_adds(out, ", ");
	report_count(remote_int(o, "partners"), "partner", out);
	buf_addc(out, '\n');
}

/* ---- streams ---- */

static const char *const columns[] = { "SASL over TLS", "TLS dialback", "TCP dialback",
				       "verifying",	"negotiating",	"total" };

#define COLUMN_COUNT (sizeof(columns) / sizeof(*columns))

static void print_direction(const json_t *counts, const char *name, struct buf *out)
{
	size_t i;

	label(out, name);
	for (i = 0; i < COLUMN_COUNT; i++)
		buf_addf(out, "%s%*llu", i ? "  " : "", (int)strlen(columns[i]),
			 number(counts, columns[i]));
	buf_addc(out, '\n');
}

static void print_streams(const json_t *streams, struct buf *out)
{
	const json_t *in = json_object_get(streams, "in"), *to = json_object_get(streams, "out");
	size_t i;

	buf_addc(out, '\n');
	if (!remote_int(in, "total") && !remote_int(to, "total")) {
		label(out, "STREAMS");
		buf_adds(out, "none with the outside\n");
		return;
	}
	label(out, "STREAMS");
	for (i = 0; i < COLUMN_COUNT; i++)
		buf_addf(out, "%s%s", i ? "  " : "", columns[i]);
	buf_addc(out, '\n');
	print_direction(in, "  incoming", out);
	print_direction(to, "  outgoing", out);
}

/* ---- queues ---- */

static void print_queues(const json_t *q, struct buf *out)
{
	label(out, "QUEUES");
	if (remote_int(q, "stanzas")) {
		report_count(remote_int(q, "stanzas"), "stanza", out);
		buf_addf(out, " (%llu bytes) for ", number(q, "bytes"));
		report_count(remote_int(q, "routes-with-stanzas"), "route", out);
	} else {
		buf_adds(out, "nothing waits for the outside");
	}
	if (remote_int(q, "dialling"))
		buf_addf(out, "; %llu dialling", number(q, "dialling"));
	if (remote_int(q, "waiting-to-retry"))
		buf_addf(out, "; %llu waiting to try again", number(q, "waiting-to-retry"));
	buf_addc(out, '\n');
}

/* ---- inside ---- */

static int widest(const json_t *links)
{
	size_t i, width = 0;

	for (i = 0; i < json_array_size(links); i++) {
		size_t len = strlen(remote_str(json_array_get(links, i), "domain"));
		if (len > width)
			width = len;
	}
	return width > 40 ? 40 : (int)width;
}

static void print_link(const json_t *l, int width, struct buf *out)
{
	const char *inside = remote_str(l, "inside");

	buf_addf(out, "  %-*s  ", width, remote_str(l, "domain"));
	if (!*inside) {
		buf_adds(out, "nothing inside: built-in answers only\n");
		return;
	}
	buf_addf(out, "%s %s; %llu in, %llu out", inside,
		 remote_bool(l, "attached") ? "attached" : "NOT ATTACHED", number(l, "stanzas-in"),
		 number(l, "stanzas-out"));
	if (remote_int(l, "held"))
		buf_addf(out, "; %llu held", number(l, "held"));
	if (remote_int(l, "waiting"))
		buf_addf(out, "; %llu bytes unread", number(l, "waiting"));
	buf_addc(out, '\n');
}

static void print_links(const json_t *links, struct buf *out)
{
	int width = widest(links);
	size_t i;

	if (!json_array_size(links))
		return;
	buf_adds(out, "\nINSIDE\n");
	for (i = 0; i < json_array_size(links); i++)
		print_link(json_array_get(links, i), width, out);
}

/* ---- counters ---- */

static void print_counters(const json_t *o, struct buf *out)
{
	const json_t *c = json_object_get(o, "counters");
	json_int_t unaccounted = json_integer_value(json_object_get(o, "unaccounted"));

	buf_adds(out, "\nSINCE THE START\n");
	label(out, "  connections");
	buf_addf(out, "%llu accepted, %llu refused by a limit\n", number(c, "accepted"),
		 number(c, "refused"));
	label(out, "  streams");
	buf_addf(out, "%llu opened, %llu failed\n", number(c, "opened"), number(c, "failed"));
	if (remote_int(c, "sasl-refused")) {
		label(out, "  sasl");
		buf_addf(out,
			 "%llu refusals of our certificate by partners, %llu of one for "
			 "servers only\n",
			 number(c, "sasl-refused"), number(c, "sasl-refused-usage"));
	}
	label(out, "  taken");
	buf_addf(out, "%llu stanzas from outside, %llu from inside\n", number(c, "in"),
		 number(c, "out"));
	label(out, "  delivered");
	buf_addf(out, "%llu inside, %llu outside; ", number(c, "delivered-in"),
		 number(c, "delivered-out"));
	buf_addf(out, "among them %llu answers of our own, %llu returned to the sender\n",
		 number(c, "answered"), number(c, "bounced"));
	label(out, "  dropped");
	buf_addf(out, "%llu; %lld unaccounted\n", number(c, "dropped"), (long long)unaccounted);
}

int command_status(const struct command_options *options)
{
	json_t *o = remote_result(options, "status", NULL);
	struct buf out;

	if (!o)
		return COMMAND_FAILED;
	if (options->json)
		return report_json_write(o);
	buf_init(&out, REPORT_MAX);
	print_head(o, &out);
	print_streams(json_object_get(o, "streams"), &out);
	print_queues(json_object_get(o, "queues"), &out);
	print_links(json_object_get(o, "links"), &out);
	print_counters(o, &out);
	json_decref(o);
	return command_write(&out);
}
