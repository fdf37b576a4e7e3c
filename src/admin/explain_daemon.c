#include <stdint.h>
#include <string.h>
#include <time.h>

#include "explain_int.h"
#include "remote_int.h"

#define TEXT_SIZE 600

static void label(struct buf *out, const char *name)
{
	buf_addf(out, "  %-*s", EXPLAIN_LABEL, name);
}

static void line(struct buf *out, const char *name, const char *text)
{
	char plain[TEXT_SIZE];

	remote_plain(text, plain, sizeof(plain));
	label(out, name);
	report_wrapped(plain, EXPLAIN_LABEL + 2, EXPLAIN_LABEL + 2, out);
	buf_addc(out, '\n');
}

/* "2026-11-25 02:00:31 UTC, 3 min 5 s ago" */
static void print_time(int64_t at, int64_t now, struct buf *out)
{
	time_t t = (time_t)at;
	struct tm tm;
	char text[40] = "";

	if (gmtime_r(&t, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	buf_addf(out, "%s, ", text);
	remote_duration(now > at ? (uint64_t)(now - at) * 1000 : 0, out);
	buf_adds(out, " ago");
}

static void print_where(const json_t *a, struct buf *out)
{
	const char *certificate = remote_str(a, "certificate");
	char tls[96], text[TEXT_SIZE];

	if (!*remote_str(a, "address"))
		return;
	remote_tls(a, tls);
	if (!*remote_str(a, "tls") &&
	    !remote_bool(a, "opened")) /* there may have been nothing yet */
		snprintf(text, sizeof(text), "%s", remote_str(a, "address"));
	else if (!*certificate)
		snprintf(text, sizeof(text), "%s, %s", remote_str(a, "address"), tls);
	else
		snprintf(text, sizeof(text), "%s, %s, %s", remote_str(a, "address"), tls,
			 strcmp(certificate, "valid") ? certificate : "certificate valid");
	if (*certificate && *remote_str(a, "dane"))
		snprintf(text + strlen(text), sizeof(text) - strlen(text), ", DANE: %s",
			 remote_str(a, "dane"));
	line(out, "", text);
}

static void print_attempt(const json_t *a, const char *name, int64_t now, struct buf *out)
{
	char text[TEXT_SIZE];

	label(out, name);
	if (!json_is_object(a)) {
		buf_adds(out, "none that the daemon remembers\n");
		return;
	}
	print_time((int64_t)remote_int(a, "at"), now, out);
	buf_addc(out, '\n');
	if (remote_bool(a, "opened"))
		snprintf(text, sizeof(text), "opened by %s after %llu ms", remote_str(a, "method"),
			 (unsigned long long)remote_int(a, "took-ms"));
	else
		snprintf(text, sizeof(text), "failed after %llu ms: %s",
			 (unsigned long long)remote_int(a, "took-ms"), remote_str(a, "failure"));
	if (*remote_str(a, "local"))
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " (with %s)",
			 remote_str(a, "local"));
	line(out, "", text);
	if (*remote_str(a, "text"))
		line(out, "", remote_str(a, "text"));
	if (*remote_str(a, "certificate-error"))
		line(out, "", remote_str(a, "certificate-error"));
	if (remote_bool(a, "sasl-refused"))
		line(out, "",
		     remote_bool(a, "sasl-refused-usage")
			     ? "the partner refused our certificate for SASL; it may identify "
			       "servers only, and the partner may want clientAuth: see "
			       "outbound-certificate"
			     : "the partner refused our certificate for SASL");
	if (*remote_str(a, "peer-error")) {
		snprintf(text, sizeof(text), "the peer's stream error: %s",
			 remote_str(a, "peer-error"));
		line(out, "", text);
	}
	if (*remote_str(a, "detail"))
		line(out, "", remote_str(a, "detail"));
	print_where(a, out);
}

static void print_streams(const json_t *streams, struct buf *out)
{
	size_t in = 0, opened = 0, i;

	for (i = 0; i < json_array_size(streams); i++) {
		const json_t *s = json_array_get(streams, i);
		in += !strcmp(remote_str(s, "direction"), "in");
		opened += *remote_str(s, "method") != '\0';
	}
	label(out, "streams now");
	if (json_array_size(streams))
		buf_addf(out, "%zu incoming, %zu outgoing; %zu of them open\n", in,
			 json_array_size(streams) - in, opened);
	else
		buf_adds(out, "none\n");
}

/* Those on which something waits, or is about to be tried. */
static void print_routes(const json_t *routes, struct buf *out)
{
	char text[TEXT_SIZE];
	size_t i;

	for (i = 0; i < json_array_size(routes); i++) {
		const json_t *r = json_array_get(routes, i);
		unsigned long long n = remote_int(r, "stanzas"), retry = remote_int(r, "retry-ms");
		if (n) {
			snprintf(text, sizeof(text), "%llu from %s", n, remote_str(r, "local"));
			line(out, "waiting", text);
		}
		if (!retry)
			continue;
		snprintf(text, sizeof(text), "from %s: not before %llu s from now",
			 remote_str(r, "local"), (retry + 999) / 1000);
		line(out, "next attempt", text);
	}
}

static void print_links(const json_t *links, struct buf *out)
{
	size_t i;

	for (i = 0; i < json_array_size(links); i++) {
		const json_t *l = json_array_get(links, i);
		if (*remote_str(l, "inside"))
			line(out, "attached now", remote_bool(l, "attached") ? "yes" : "no");
	}
}

static void print_difference(const json_t *daemon, const char *kind, int row, struct buf *out)
{
	const char *running = remote_str(daemon, "kind");
	char text[TEXT_SIZE];

	if (!strcmp(running, kind) && remote_int(daemon, "row") == (uint64_t)row)
		return;
	if (remote_int(daemon, "row"))
		snprintf(text, sizeof(text),
			 "the daemon still goes by row %llu: it was started with another "
			 "configuration",
			 (unsigned long long)remote_int(daemon, "row"));
	else
		snprintf(text, sizeof(text),
			 "to the daemon the domain is still %s: it was started with another "
			 "configuration",
			 !strcmp(running, "local") ? "a local one" : "refused");
	line(out, "but", text);
}

void explain_daemon(const json_t *daemon, const char *kind, int row, int64_t now, struct buf *out)
{
	const json_t *last = json_object_get(daemon, "last");

	print_difference(daemon, kind, row, out);
	if (!strcmp(remote_str(daemon, "kind"), "local")) {
		print_links(json_object_get(daemon, "links"), out);
		return;
	}
	print_attempt(json_object_get(last, "out"), "last outgoing", now, out);
	print_attempt(json_object_get(last, "in"), "last incoming", now, out);
	print_streams(json_object_get(daemon, "streams"), out);
	print_routes(json_object_get(daemon, "routes"), out);
}
