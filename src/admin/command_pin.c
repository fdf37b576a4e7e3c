#include <stdlib.h>
#include <string.h>

#include "remote_int.h"

#define LABEL 16

static void label(struct buf *out, const char *name)
{
	buf_addf(out, "  %-*s", LABEL, name);
}

static void print_key(const json_t *key, const char *name, struct buf *out)
{
	const char *usages = remote_str(key, "usages");
	char text[300], from[16], to[16];

	label(out, name);
	if (!json_is_object(key)) {
		buf_adds(out, "none\n");
		return;
	}
	remote_plain(remote_str(key, "key"), text, sizeof(text));
	buf_addf(out, "%s\n", text);
	label(out, "");
	remote_plain(remote_str(key, "issuer"), text, sizeof(text));
	buf_addf(out, "%s, serial %s\n", text, remote_str(key, "serial"));
	label(out, "");
	remote_plain(remote_str(key, "names"), text, sizeof(text));
	buf_addf(out, "%s; %s\n", text, *usages ? usages : "any usage");
	label(out, "");
	buf_addf(out, "valid %s to %s", remote_day((int64_t)remote_int(key, "not-before"), from),
		 remote_day((int64_t)remote_int(key, "not-after"), to));
	buf_addf(out, "; seen %s to %s\n", remote_day((int64_t)remote_int(key, "first-seen"), from),
		 remote_day((int64_t)remote_int(key, "last-seen"), to));
}

static bool is_same(const json_t *a, const json_t *b)
{
	return !strcmp(remote_str(a, "key"), remote_str(b, "key")) &&
	       !strcmp(remote_str(a, "serial"), remote_str(b, "serial"));
}

static void print_side(const json_t *side, const char *name, struct buf *out)
{
	const json_t *pinned = json_object_get(side, "pinned");
	const json_t *seen = json_object_get(side, "seen");
	const char *best = remote_str(side, "best-method"), *last = remote_str(side, "last-method");

	buf_addf(out, "%s\n", name);
	label(out, "method");
	buf_addf(out, "best: %s; last: %s; downgrades: %llu\n", *best ? best : "none",
		 *last ? last : "none", (unsigned long long)remote_int(side, "downgrades"));
	print_key(pinned, "key expected", out);
	if (json_is_object(seen) && !is_same(pinned, seen))
		print_key(seen, "key seen last", out);
	if (remote_int(side, "key-changes")) {
		label(out, "key changes");
		buf_addf(out, "%llu\n", (unsigned long long)remote_int(side, "key-changes"));
	}
}

static void print_attempts(const json_t *list, struct buf *out)
{
	size_t i;

	if (json_array_size(list))
		buf_adds(out, "LAST ATTEMPTS\n");
	for (i = 0; i < json_array_size(list); i++) {
		const json_t *a = json_array_get(list, i);
		const char *failure = remote_str(a, "failure");
		char when[32], address[64];
		remote_plain(remote_str(a, "address"), address, sizeof(address));
		buf_addf(out, "  %s  %-3s  %-26s  %s\n",
			 remote_time((int64_t)remote_int(a, "at"), when),
			 remote_str(a, "direction"), *failure ? failure : remote_str(a, "method"),
			 address);
	}
}

static void print(const json_t *o, const struct command_options *options, struct buf *out)
{
	unsigned long long changed = remote_int(o, "changed");

	buf_addf(out, "%s: ", remote_str(o, "domain"));
	if (options->forget) {
		buf_adds(out, "nothing is remembered any more\n");
		return;
	}
	if (*remote_str(o, "pin"))
		buf_addf(out, "pin: %s, ratchet: %s\n", remote_str(o, "pin"),
			 remote_bool(o, "ratchet") ? "true" : "false");
	else
		buf_adds(out, "no partner\n");
	if (options->accept)
		buf_adds(out, changed ? "the key seen last is the one expected from now on\n"
				      : "the key seen last is the one expected already\n");
	if (!remote_bool(o, "known")) {
		buf_adds(out, "  nothing is remembered\n");
		return;
	}
	print_side(json_object_get(o, "in"), "INCOMING", out);
	print_side(json_object_get(o, "out"), "OUTGOING", out);
	print_attempts(json_object_get(o, "attempts"), out);
}

static int misused(const char *why)
{
	fprintf(stderr, "fedgatectl: %s\n", why);
	return COMMAND_USAGE;
}

int command_pin(const struct command_options *options)
{
	const char *arguments[4] = { options->arguments[0] };
	struct buf out;
	json_t *o;

	if (options->accept && options->forget)
		return misused("--accept and --forget exclude each other");
	if (options->count > 1 && !options->accept)
		return misused("a key goes with --accept alone");
	if (options->accept) {
		arguments[1] = "accept";
		arguments[2] = options->count > 1 ? options->arguments[1] : "";
	} else if (options->forget) {
		arguments[1] = "forget";
	}
	o = remote_result(options, "pin", arguments);
	if (!o)
		return COMMAND_FAILED;
	if (options->json)
		return report_json_write(o);
	buf_init(&out, REPORT_MAX);
	print(o, options, &out);
	json_decref(o);
	return command_write(&out);
}
