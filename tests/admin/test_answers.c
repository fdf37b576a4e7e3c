/* answers: requests that are none, and what those are answered that are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "admin/answers.h"
#include "base/fail.h"
#include "fake_gateway.h"

struct world {
	struct gateway gateway;
	struct answers answers;
	unsigned replies;
	uint64_t client; /* of the last reply */
	json_t *answer;
};

static void reply(void *context, uint64_t client, const char *line, size_t len)
{
	struct world *w = context;

	assert_null(memchr(line, '\n', len));
	json_decref(w->answer);
	w->answer = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(w->answer);
	w->client = client;
	w->replies++;
}

static void begin(struct world *w, enum fake_kind kind)
{
	memset(w, 0, sizeof(*w));
	fake_gateway_init(&w->gateway, kind, NULL);
	answers_init(&w->answers, &w->gateway, "/etc/fedgate.yml", reply, NULL, w);
}

static void end(struct world *w)
{
	json_decref(w->answer);
	fake_gateway_fini(&w->gateway);
}

static void ask(struct world *w, uint64_t client, const char *text)
{
	answers_request(&w->answers, client, text, strlen(text));
}

/* The result of a request that is answered at once. */
static json_t *result(struct world *w, const char *text)
{
	unsigned before = w->replies;

	ask(w, 1, text);
	assert_int_equal(w->replies, before);
	fake_gateway_answer(&w->gateway);
	assert_int_equal(w->replies, before + 1);
	assert_true(json_is_true(json_object_get(w->answer, "ok")));
	return json_object_get(w->answer, "result");
}

static json_int_t number(const json_t *o, const char *key)
{
	const json_t *value = json_object_get(o, key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static const char *text(const json_t *o, const char *key)
{
	const char *value = json_string_value(json_object_get(o, key));

	assert_non_null(value);
	return value;
}

static bool is_null(const json_t *o, const char *key)
{
	return json_is_null(json_object_get(o, key));
}

/* ---- requests ---- */

static void refused(struct world *w, const char *request, size_t len, const char *why)
{
	unsigned before = w->replies;

	answers_request(&w->answers, 7, request, len);
	assert_int_equal(w->replies, before + 1);
	assert_int_equal(w->client, 7);
	assert_true(json_is_false(json_object_get(w->answer, "ok")));
	assert_string_equal(text(w->answer, "error"), why);
}

static void test_malformed(void **state)
{
	static const char no_json[] = "the request is no object of JSON";
	static const struct {
		const char *request;
		const char *why;
	} cases[] = {
		{ "", no_json },
		{ "status", no_json },
		{ "{\"command\": \"status\"", no_json },
		{ "{\"command\": \"status\"}}", no_json },
		{ "[\"status\"]", no_json },
		{ "\"status\"", no_json },
		{ "7", no_json },
		{ "null", no_json },
		{ "{\"command\": \"status\", \"command\": \"streams\"}", no_json },
		{ "{\"command\": \"sta\\u0000tus\"}", no_json },
		{ "{\"command\": \"\xff\"}", no_json },
		{ "{}", "`command` is missing, or no text" },
		{ "{\"command\": 1}", "`command` is missing, or no text" },
		{ "{\"command\": null}", "`command` is missing, or no text" },
		{ "{\"command\": \"\"}", "there is no such command" },
		{ "{\"command\": \"STATUS\"}", "there is no such command" },
		{ "{\"command\": \"statuses\"}", "there is no such command" },
		{ "{\"command\": \"status\", \"more\": 1}",
		  "it has members other than `command` and `arguments`" },
		{ "{\"command\": \"status\", \"arguments\": \"x\"}", "`arguments` is no list" },
		{ "{\"command\": \"status\", \"arguments\": null}", "`arguments` is no list" },
		{ "{\"command\": \"status\", \"arguments\": [\"x\"]}", "it takes no arguments" },
		{ "{\"command\": \"explain\"}", "it takes one argument, a domain" },
		{ "{\"command\": \"explain\", \"arguments\": []}",
		  "it takes one argument, a domain" },
		{ "{\"command\": \"explain\", \"arguments\": [\"a.example\", \"b.example\"]}",
		  "it takes one argument, a domain" },
		{ "{\"command\": \"explain\", \"arguments\": [1]}",
		  "the argument is not a domain" },
		{ "{\"command\": \"explain\", \"arguments\": [\"\"]}",
		  "the argument is not a domain" },
		{ "{\"command\": \"explain\", \"arguments\": [\"a b\"]}",
		  "the argument is not a domain" },
	};
	struct world w;
	size_t i;

	(void)state;
	begin(&w, FAKE_BUSY);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		refused(&w, cases[i].request, strlen(cases[i].request), cases[i].why);
	refused(&w, "{}\0{}", 5, no_json);
	assert_int_equal(w.gateway.asked, 0); /* the workers never heard of it */
	end(&w);
}

/* As deep and as long as a line can be. */
static void test_bombs(void **state)
{
	struct world w;
	char *line = malloc(CONTROL_LINE_MAX + 1);

	(void)state;
	assert_non_null(line);
	begin(&w, FAKE_BUSY);
	memset(line, '[', CONTROL_LINE_MAX);
	refused(&w, line, CONTROL_LINE_MAX, "the request is no object of JSON");
	memset(line, '9', CONTROL_LINE_MAX);
	refused(&w, line, CONTROL_LINE_MAX, "the request is no object of JSON");
	memset(line, 'x', CONTROL_LINE_MAX);
	memcpy(line, "{\"command\":\"", 12);
	memcpy(line + CONTROL_LINE_MAX - 2, "\"}", 2);
	refused(&w, line, CONTROL_LINE_MAX, "there is no such command");
	free(line);
	end(&w);
}

/* ---- the workers are asked once ---- */

static void test_together(void **state)
{
	struct world w;

	(void)state;
	begin(&w, FAKE_EMPTY);
	ask(&w, 1, "{\"command\": \"streams\"}");
	ask(&w, 2, "{\"command\": \"status\", \"arguments\": []}");
	assert_int_equal(w.gateway.asked, 1);
	assert_int_equal(w.replies, 0);
	fake_gateway_answer(&w.gateway);
	/* the second came after the workers were asked: what they said is too old for it */
	assert_int_equal(w.replies, 1);
	assert_int_equal(w.client, 1);
	assert_true(json_is_array(json_object_get(w.answer, "result")));
	assert_int_equal(w.gateway.asked, 2);
	ask(&w, 3, "{\"command\": \"streams\"}");
	fake_gateway_answer(&w.gateway);
	assert_int_equal(w.replies, 2);
	assert_int_equal(w.client, 2);
	fake_gateway_answer(&w.gateway);
	assert_int_equal(w.replies, 3);
	assert_int_equal(w.gateway.asked, 3);
	fake_gateway_answer(&w.gateway);
	assert_int_equal(w.replies, 3);
	end(&w);
}

static void test_stuck(void **state)
{
	struct world w;
	uint64_t i;

	(void)state;
	begin(&w, FAKE_EMPTY);
	for (i = 1; i <= CONTROL_CLIENTS_MAX; i++)
		ask(&w, i, "{\"command\": \"status\"}");
	assert_int_equal(w.replies, 0);
	refused(&w, "{\"command\": \"status\"}", 21, "the workers do not answer");
	fake_gateway_answer(&w.gateway);
	assert_int_equal(w.replies, 2);
	fake_gateway_answer(&w.gateway);
	assert_int_equal(w.replies, 1 + CONTROL_CLIENTS_MAX);
	end(&w);
}

/* ---- results ---- */

static void test_status(void **state)
{
	struct world w;
	json_t *o, *in, *out, *q;

	(void)state;
	begin(&w, FAKE_BUSY);
	o = result(&w, "{\"command\": \"status\"}");
	assert_int_equal(number(o, "workers"), 2);
	assert_int_equal(number(o, "uptime-ms"), 49 * 3600000);
	assert_int_equal(number(o, "domains"), 1);
	assert_int_equal(number(o, "partners"), 2);
	assert_string_equal(text(o, "config"), "/etc/fedgate.yml");
	in = json_object_get(json_object_get(o, "streams"), "in");
	out = json_object_get(json_object_get(o, "streams"), "out");
	assert_int_equal(number(in, "TLS dialback"), 1);
	assert_int_equal(number(in, "SASL over TLS"), 0);
	assert_int_equal(number(in, "negotiating"), 1);
	assert_int_equal(number(in, "total"), 2);
	assert_int_equal(number(out, "SASL over TLS"), 1);
	assert_int_equal(number(out, "negotiating"), 1);
	assert_int_equal(number(out, "verifying"), 1);
	assert_int_equal(number(out, "total"), 3);
	q = json_object_get(o, "queues");
	assert_int_equal(number(q, "routes"), 3);
	assert_int_equal(number(q, "routes-with-stanzas"), 2);
	assert_int_equal(number(q, "stanzas"), 4);
	assert_int_equal(number(q, "bytes"), 799);
	assert_int_equal(number(q, "dialling"), 1);
	assert_int_equal(number(q, "waiting-to-retry"), 1);
	assert_int_equal(json_array_size(json_object_get(o, "links")), 3);
	assert_int_equal(number(json_object_get(o, "counters"), "delivered-in"), 94);
	assert_int_equal(number(o, "unaccounted"), 2);
	end(&w);
}

static void test_streams(void **state)
{
	struct world w;
	json_t *list, *s;

	(void)state;
	begin(&w, FAKE_EMPTY);
	assert_int_equal(json_array_size(result(&w, "{\"command\": \"streams\"}")), 0);
	end(&w);
	begin(&w, FAKE_BUSY);
	list = result(&w, "{\"command\": \"streams\"}");
	assert_int_equal(json_array_size(list), 5);
	s = json_array_get(list, 0); /* whoever it is, it said nothing yet */
	assert_true(is_null(s, "remote") && is_null(s, "local") && is_null(s, "row") &&
		    is_null(s, "method") && is_null(s, "tls"));
	assert_string_equal(text(s, "state"), "header");
	s = json_array_get(list, 1);
	assert_string_equal(text(s, "id"), "1000000000005");
	assert_string_equal(text(s, "method"), "TLS dialback");
	assert_int_equal(number(s, "waiting"), 100000);
	assert_string_equal(text(json_array_get(list, 2), "id"), "2");
	assert_string_equal(text(json_array_get(list, 3), "id"), "6");
	assert_string_equal(text(json_array_get(list, 4), "id"), "8");
	end(&w);
}

static void test_explain(void **state)
{
	struct world w;
	json_t *o, *last;

	(void)state;
	begin(&w, FAKE_BUSY);
	o = result(&w, "{\"command\": \"explain\", \"arguments\": [\"PARTNER.example.\"]}");
	assert_string_equal(text(o, "domain"), "partner.example");
	assert_string_equal(text(o, "kind"), "partner");
	assert_int_equal(number(o, "row"), 7);
	last = json_object_get(o, "last");
	assert_true(is_null(last, "in"));
	last = json_object_get(last, "out");
	assert_true(json_is_true(json_object_get(last, "opened")));
	assert_string_equal(text(last, "method"), "SASL over TLS");
	assert_true(is_null(last, "failure") && is_null(last, "text") && is_null(last, "detail"));
	assert_int_equal(json_array_size(json_object_get(o, "streams")), 3);
	assert_int_equal(json_array_size(json_object_get(o, "routes")), 1);

	o = result(&w, "{\"command\": \"explain\", \"arguments\": [\"example.org\"]}");
	last = json_object_get(json_object_get(o, "last"), "in");
	assert_string_equal(text(last, "certificate"), "certificate-purpose");
	assert_string_equal(text(last, "certificate-error"),
			    "the partner's certificate may only identify clients");
	assert_true(json_is_false(json_object_get(last, "sasl-refused")));
	last = json_object_get(json_object_get(o, "last"), "out");
	assert_true(json_is_true(json_object_get(last, "sasl-refused")));
	assert_true(json_is_true(json_object_get(last, "sasl-refused-usage")));
	assert_true(json_is_false(json_object_get(last, "opened")));
	assert_true(is_null(last, "method") && is_null(last, "tls"));
	assert_string_equal(text(last, "failure"), "tls-not-offered");
	assert_string_equal(text(last, "text"), fail_info(FAIL_TLS_NOT_OFFERED)->text);
	assert_string_equal(text(last, "peer-error"), "policy-violation");

	o = result(&w, "{\"command\": \"explain\", \"arguments\": [\"chat.example.com\"]}");
	assert_string_equal(text(o, "kind"), "local");
	assert_int_equal(json_array_size(json_object_get(o, "links")), 1);
	o = result(&w, "{\"command\": \"explain\", \"arguments\": [\"stranger.example\"]}");
	assert_string_equal(text(o, "kind"), "refused");
	assert_true(is_null(o, "row"));
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_malformed), cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_together),  cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_status),	  cmocka_unit_test(test_streams),
		cmocka_unit_test(test_explain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
