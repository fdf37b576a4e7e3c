#include <errno.h>
#include <string.h>
#include <time.h>

#include "admin/control_client.h"
#include "admin/files.h"
#include "base/clock.h"
#include "base/mem.h"
#include "remote_int.h"

/* ---- where the daemon is ---- */

/*
 * Whoever may use the socket need not be allowed to read keys and secrets: what cannot be read passes for something that is in
 * order.
 */
static int read_leniently(void *context, const char *path, size_t max, struct config_file *out)
{
	static const char text[] = "# this file is not for everybody to read\n";
	struct config_files *system = context;
	int rc = system->read(system->context, path, max, out);

	if (rc != EACCES)
		return rc;
	memset(out, 0, sizeof(*out));
	out->data = mem_strdup(text);
	out->len = sizeof(text) - 1;
	out->mode = 0600;
	return 0;
}

char *remote_socket(const struct command_options *options)
{
	struct config_files system = config_files_system(), files = system;
	struct diags diags;
	struct config *c;
	char *path;

	if (options->socket)
		return mem_strdup(options->socket);
	files.context = &system;
	files.read = read_leniently;
	diags_init(&diags);
	path = mem_strdup(config_load(options->config, &files, &c, &diags) ||
					  !c->gateway.control_socket
				  ? REMOTE_SOCKET
				  : c->gateway.control_socket);
	config_free(c);
	diags_fini(&diags);
	return path;
}

/* ---- asking ---- */

static char *request(const char *command, const char *const *arguments)
{
	json_t *o = json_object(), *list = json_array();
	char *text, *line;
	size_t len;

	for (; arguments && *arguments; arguments++)
		json_array_append_new(list, report_json_string(*arguments));
	json_object_set_new(o, "command", report_json_string(command));
	json_object_set_new(o, "arguments", list);
	text = json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(o);
	len = text ? strlen(text) : 0;
	line = mem_new(len + 2);
	if (text)
		memcpy(line, text, len);
	line[len] = '\n';
	free(text);
	return line;
}

/* The result out of ANSWER. */
static int open_answer(const char *socket, const json_t *answer, json_t **result,
		       char error[REMOTE_ERROR_SIZE])
{
	char why[200];

	if (json_is_true(json_object_get(answer, "ok")) && json_object_get(answer, "result")) {
		*result = json_incref(json_object_get(answer, "result"));
		return 0;
	}
	if (!json_is_false(json_object_get(answer, "ok"))) {
		snprintf(error, REMOTE_ERROR_SIZE, "%.160s: the answer is none of fedgated's",
			 socket);
		return -FAIL_IO;
	}
	*result = json_incref(json_object_get(answer, "result")); /* NULL is allowed */
	remote_plain(remote_str(answer, "error"), why, sizeof(why));
	snprintf(error, REMOTE_ERROR_SIZE, "%.160s: fedgated says: %s", socket, why);
	return -FAIL_INVALID_ARGUMENT;
}

int remote_ask_all(const char *socket, const char *command, const char *const *arguments,
		   json_t **result, char error[REMOTE_ERROR_SIZE])
{
	struct buf answer;
	json_t *root;
	char *line = request(command, arguments);
	int rc;

	*result = NULL;
	buf_init(&answer, REPORT_MAX);
	rc = control_ask(socket, line, &answer, error);
	free(line);
	if (!rc) {
		root = json_loadb(answer.len ? answer.data : "", answer.len, 0, NULL);
		rc = open_answer(socket, root, result, error);
		json_decref(root);
	}
	buf_fini(&answer);
	return rc;
}

int remote_ask(const char *socket, const char *command, const char *argument, json_t **result,
	       char error[REMOTE_ERROR_SIZE])
{
	const char *const arguments[] = { argument, NULL };

	return remote_ask_all(socket, command, arguments, result, error);
}

json_t *remote_result(const struct command_options *options, const char *command,
		      const char *const *arguments)
{
	char error[REMOTE_ERROR_SIZE];
	char *socket = remote_socket(options);
	json_t *result;

	if (remote_ask_all(socket, command, arguments, &result, error)) {
		fprintf(stderr, "fedgatectl: %s\n", error);
		json_decref(result);
		result = NULL;
	}
	free(socket);
	return result;
}

/* ---- reading and printing ---- */

uint64_t remote_int(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

const char *remote_str(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

bool remote_bool(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

/* The two largest units of which there is anything. */
static void units(uint64_t ms, const char *names[4], unsigned width, const char *gap,
		  struct buf *out)
{
	static const uint64_t sizes[] = { 86400, 3600, 60, 1 };
	uint64_t s = ms / 1000;
	size_t i = 0;

	while (i < 3 && s < sizes[i])
		i++;
	buf_addf(out, "%llu%s", (unsigned long long)(s / sizes[i]), names[i]);
	if (i < 3)
		buf_addf(out, "%s%0*llu%s", gap, (int)width,
			 (unsigned long long)(s % sizes[i] / sizes[i + 1]), names[i + 1]);
}

void remote_duration(uint64_t ms, struct buf *out)
{
	static const char *names[] = { " d", " h", " min", " s" };

	units(ms, names, 1, " ", out);
}

void remote_age(uint64_t ms, char out[24])
{
	static const char *names[] = { "d", "h", "m", "s" };
	struct buf text;

	buf_init(&text, 23);
	units(ms, names, 2, "", &text);
	snprintf(out, 24, "%s", buf_str(&text));
	buf_fini(&text);
}

void remote_tls(const json_t *o, char out[96])
{
	const char *version = remote_str(o, "tls"), *cipher = remote_str(o, "cipher");

	if (!*version) {
		snprintf(out, 96, "in clear");
		return;
	}
	if (!strncmp(version, "TLSv", 4))
		version += 4;
	if (!strncmp(cipher, "TLS_", 4))
		cipher += 4;
	snprintf(out, 96, "TLS %.16s %.64s", version, cipher);
}

void remote_plain(const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (; *text && n + 1 < size; text++) {
		unsigned char c = (unsigned char)*text;
		bool c1 = c == 0xc2 && (unsigned char)text[1] >= 0x80 &&
			  (unsigned char)text[1] < 0xa0;
		if (c1)
			text++;
		out[n++] = c < 0x20 || c == 0x7f || c1 ? '?' : (char)c;
	}
	out[n] = '\0';
}

static const char *date(int64_t seconds, const char *format, char *out, size_t size)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(out, size, format, &tm))
		snprintf(out, size, "?");
	return out;
}

const char *remote_day(int64_t seconds, char out[16])
{
	return date(seconds, "%Y-%m-%d", out, 16);
}

const char *remote_time(int64_t seconds, char out[32])
{
	return date(seconds, "%Y-%m-%d %H:%M:%S UTC", out, 32);
}
