#include "eval_choose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/choose.h"

/* What a chooser is asked about. */
enum key {
	KEY_ROW,
	KEY_CERT,
	KEY_REQUEST,
	KEY_STRICT,
	KEY_TLS,
	KEY_CAN_TLS,
	KEY_FAILED,
	KEY_VERIFY_ONLY,
	KEY_OLD,
	KEY_DEMANDED,
	KEY_RATCHET,
	KEY_BEST,
	KEY_STARTTLS,
	KEY_REQUIRED,
	KEY_EXTERNAL,
	KEY_DIALBACK,
	KEY_WEAK,
	KEY_COUNT
};

#define ROW_UNKNOWN 0 /* a value of KEY_ROW: no partner */
#define CERTS 14      /* valid, and each FAIL_CERT_* */

static const struct {
	const char *name;
	int values;
} keys[KEY_COUNT] = {
	[KEY_ROW] = { "row", MATRIX_ROWS + 1 },
	[KEY_CERT] = { "cert", CERTS },
	[KEY_REQUEST] = { "request", REQUEST_STANZA + 1 },
	[KEY_STRICT] = { "strict", 2 },
	[KEY_TLS] = { "tls", 2 },
	[KEY_CAN_TLS] = { "can-tls", 2 },
	[KEY_FAILED] = { "external-failed", 2 },
	[KEY_VERIFY_ONLY] = { "verify-only", 2 },
	[KEY_OLD] = { "old", 2 },
	[KEY_DEMANDED] = { "demanded", 2 },
	[KEY_RATCHET] = { "ratchet", 2 },
	[KEY_BEST] = { "best", METHOD_COUNT },
	[KEY_STARTTLS] = { "starttls", 2 },
	[KEY_REQUIRED] = { "required", 2 },
	[KEY_EXTERNAL] = { "external", 2 },
	[KEY_DIALBACK] = { "dialback", 2 },
	[KEY_WEAK] = { "weak", 2 },
};

_Static_assert(FAIL_CERT_PIN - FAIL_CERT_MISSING + 2 == CERTS, "the certificate failures");

/* One thing that a chooser is asked. */
struct question {
	int value[KEY_COUNT];
};

/* A set of them: for each key a bit a value. */
struct questions {
	unsigned values[KEY_COUNT];
};

static enum fail cert_fail(int value)
{
	return value ? (enum fail)(FAIL_CERT_MISSING + value - 1) : FAIL_NONE;
}

static const char *best_str(enum method method)
{
	static const char *const names[METHOD_COUNT] = {
		[METHOD_NONE] = "nothing",
		[METHOD_SASL_TLS] = "sasl",
		[METHOD_TLS_DIALBACK] = "tls-dialback",
		[METHOD_TCP_DIALBACK] = "tcp-dialback",
	};
	return names[method];
}

static const char *value_str(enum key key, int value, char number[16])
{
	switch (key) {
	case KEY_ROW:
		snprintf(number, 16, "%d", value);
		return value == ROW_UNKNOWN ? "unknown" : number;
	case KEY_CERT:
		return value ? fail_str(cert_fail(value)) : "valid";
	case KEY_REQUEST:
		return request_str((enum request)value);
	case KEY_BEST:
		return best_str((enum method)value);
	case KEY_RATCHET:
	case KEY_STRICT:
	case KEY_TLS:
	case KEY_CAN_TLS:
	case KEY_FAILED:
	case KEY_VERIFY_ONLY:
	case KEY_OLD:
	case KEY_DEMANDED:
	case KEY_STARTTLS:
	case KEY_REQUIRED:
	case KEY_EXTERNAL:
	case KEY_DIALBACK:
	case KEY_WEAK:
	case KEY_COUNT:
		break;
	}
	return value ? "yes" : "no";
}

/* The values that a word stands for; 0 where it is none. */
static unsigned word_values(enum key key, const char *word)
{
	unsigned found = 0;
	char number[16];
	int v;

	for (v = 0; v < keys[key].values; v++) {
		bool row = key == KEY_ROW && v != ROW_UNKNOWN;
		bool valid = row && row_is_valid(matrix_row_number(v));
		if (!strcmp(word, value_str(key, v, number)) || (valid && !strcmp(word, "valid")) ||
		    (row && !valid && !strcmp(word, "not-valid")) ||
		    (key == KEY_CERT && v && !strcmp(word, "invalid")))
			found |= 1u << v;
	}
	return found;
}

static bool read_values(struct eval_case *c, const char *field, struct questions *set)
{
	char text[512], *list, *word;
	int k;

	snprintf(text, sizeof(text), "%s", field);
	list = strchr(text, '=');
	if (!list)
		return eval_fail(c, "KEY=VALUE,… expected, not '%s'", field);
	*list++ = '\0';
	for (k = 0; k < KEY_COUNT; k++)
		if (!strcmp(text, keys[k].name))
			break;
	if (k == KEY_COUNT)
		return eval_fail(c, "no such key: '%s'", text);
	set->values[k] = 0;
	while ((word = eval_next_item(&list))) {
		unsigned values = word_values((enum key)k, word);
		if (!values)
			return eval_fail(c, "no such value: '%s'", word);
		set->values[k] |= values;
	}
	return true;
}

/* The keys that a chooser looks at or is at least given. */
#define KEYS_FACTS \
	(1u << KEY_ROW | 1u << KEY_CERT | 1u << KEY_STRICT | 1u << KEY_TLS | 1u << KEY_CAN_TLS | \
	 1u << KEY_FAILED | 1u << KEY_VERIFY_ONLY | 1u << KEY_OLD | 1u << KEY_RATCHET | \
	 1u << KEY_BEST)
#define KEYS_OFFER KEYS_FACTS
#define KEYS_NEXT \
	(KEYS_FACTS | 1u << KEY_DEMANDED | 1u << KEY_STARTTLS | 1u << KEY_REQUIRED | \
	 1u << KEY_EXTERNAL | 1u << KEY_DIALBACK)
#define KEYS_ACCEPT (KEYS_FACTS | 1u << KEY_REQUEST | 1u << KEY_WEAK)

static void all_questions(unsigned relevant, struct questions *set)
{
	int k;

	for (k = 0; k < KEY_COUNT; k++)
		set->values[k] = relevant & 1u << k ? (1u << keys[k].values) - 1 : 1;
}

/* The next question of the set in *Q; the first where START. False at the end. */
static bool next_question(const struct questions *set, struct question *q, bool start)
{
	int k;

	for (k = 0; k < KEY_COUNT; k++) {
		int v = start ? 0 : q->value[k] + 1;
		while (v < keys[k].values && !(set->values[k] & 1u << v))
			v++;
		if (v < keys[k].values) {
			q->value[k] = v;
			if (!start)
				return true;
			continue;
		}
		for (v = 0; !(set->values[k] & 1u << v);)
			v++;
		q->value[k] = v;
	}
	return start;
}

static size_t question_index(const struct question *q)
{
	size_t index = 0;
	int k;

	for (k = 0; k < KEY_COUNT; k++)
		index = index * (size_t)keys[k].values + (size_t)q->value[k];
	return index;
}

static bool fail_question(struct eval_case *c, unsigned relevant, const struct question *q,
			  const char *what)
{
	char text[512] = "", number[16];
	int k;

	for (k = 0; k < KEY_COUNT; k++) {
		size_t used = strlen(text);
		if (relevant & 1u << k)
			snprintf(text + used, sizeof(text) - used, " %s=%s", keys[k].name,
				 value_str((enum key)k, q->value[k], number));
	}
	return eval_fail(c, "%s:%s", what, text);
}

static struct choose_facts facts_of(const struct question *q)
{
	return (struct choose_facts){
		.tls = q->value[KEY_TLS],
		.can_tls = q->value[KEY_CAN_TLS],
		.certificate = cert_fail(q->value[KEY_CERT]),
		.weak = q->value[KEY_WEAK],
		.external_failed = q->value[KEY_FAILED],
		.verify_only = q->value[KEY_VERIFY_ONLY],
		.old = q->value[KEY_OLD],
		.tls_demanded = q->value[KEY_DEMANDED],
		.best = (enum method)q->value[KEY_BEST],
	};
}

static void features_str(const struct offer *offer, char *out, size_t size)
{
	snprintf(out, size, "%s%s%s%s", offer->starttls ? ",starttls" : "",
		 offer->starttls_required ? ",required" : "", offer->external ? ",external" : "",
		 offer->dialback ? ",dialback" : "");
	if (!*out)
		snprintf(out, size, ",nothing");
	memmove(out, out + 1, strlen(out));
}

/* What a chooser answers, in words. */
typedef void (*ask_fn)(const struct partner *partner, const struct question *q, char *out,
		       size_t size);

static void ask_offer(const struct partner *partner, const struct question *q, char *out,
		      size_t size)
{
	struct choose_facts facts = facts_of(q);
	struct offer offer = choose_offer(partner, &facts);

	features_str(&offer, out, size);
}

static void ask_next(const struct partner *partner, const struct question *q, char *out,
		     size_t size)
{
	struct choose_facts facts = facts_of(q);
	struct offer offered = { q->value[KEY_STARTTLS], q->value[KEY_REQUIRED],
				 q->value[KEY_EXTERNAL], q->value[KEY_DIALBACK] };
	struct next next = choose_next(partner, &offered, &facts);

	if (next.step == NEXT_FAIL)
		snprintf(out, size, "%s", fail_str(next.fail));
	else
		snprintf(out, size, "%s%s", next_step_str(next.step),
			 next.unoffered ? "-unoffered" : "");
}

static void ask_accept(const struct partner *partner, const struct question *q, char *out,
		       size_t size)
{
	struct choose_facts facts = facts_of(q);
	enum fail fail = choose_accept(partner, &facts, (enum request)q->value[KEY_REQUEST]);

	snprintf(out, size, "%s", fail == FAIL_NONE ? "yes" : fail_str(fail));
}

static bool check(struct eval_case *c, unsigned relevant, const struct question *q, ask_fn ask)
{
	const char *expected = eval_text(c, 0);
	struct partner partner = { .row = matrix_row_number(q->value[KEY_ROW]),
				   .strict = q->value[KEY_STRICT],
				   .ratchet = q->value[KEY_RATCHET] };
	char got[128];

	if (!strcmp(expected, "certificate"))
		expected = fail_str(cert_fail(q->value[KEY_CERT]));
	ask(q->value[KEY_ROW] == ROW_UNKNOWN ? NULL : &partner, q, got, sizeof(got));
	return !strcmp(expected, got) || fail_question(c, relevant, q, got);
}

static bool run(struct eval_case *c, unsigned char *seen, unsigned relevant, ask_fn ask)
{
	struct questions set;
	struct question q;
	int i, k;

	all_questions(relevant, &set);
	if (ask == ask_next)
		set.values[KEY_ROW] &= ~(1u << ROW_UNKNOWN);
	for (i = 1; i < c->count; i++)
		if (!read_values(c, eval_text(c, i), &set))
			return false;
	for (k = 0; k < KEY_COUNT; k++)
		if (!(relevant & 1u << k) && set.values[k] != 1)
			return eval_fail(c, "%s is not asked here", keys[k].name);
	if (!next_question(&set, &q, true))
		return eval_fail(c, "an empty set");
	do {
		seen[question_index(&q)] = 1;
		if (!check(c, relevant, &q, ask))
			return false;
	} while (next_question(&set, &q, false));
	return true;
}

bool eval_choose_offer(struct eval_case *c, void *ctx)
{
	return run(c, ctx, KEYS_OFFER, ask_offer);
}

bool eval_choose_next(struct eval_case *c, void *ctx)
{
	return run(c, ctx, KEYS_NEXT, ask_next);
}

bool eval_choose_accept(struct eval_case *c, void *ctx)
{
	return run(c, ctx, KEYS_ACCEPT, ask_accept);
}

/* Was everything asked? A row that is not valid never gets as far as a stream. */
static bool finish(struct eval_case *c, const unsigned char *seen, unsigned relevant, unsigned rows)
{
	struct questions set;
	struct question q;

	all_questions(relevant, &set);
	set.values[KEY_ROW] = rows;
	next_question(&set, &q, true);
	do {
		if (!seen[question_index(&q)])
			return fail_question(c, relevant, &q, "not covered");
	} while (next_question(&set, &q, false));
	return true;
}

bool eval_choose_finish_offer(struct eval_case *c, void *ctx)
{
	return finish(c, ctx, KEYS_OFFER, word_values(KEY_ROW, "valid") | 1u << ROW_UNKNOWN);
}

bool eval_choose_finish_next(struct eval_case *c, void *ctx)
{
	return finish(c, ctx, KEYS_NEXT,
		      word_values(KEY_ROW, "valid") | word_values(KEY_ROW, "not-valid"));
}

bool eval_choose_finish_accept(struct eval_case *c, void *ctx)
{
	return finish(c, ctx, KEYS_ACCEPT, word_values(KEY_ROW, "valid") | 1u << ROW_UNKNOWN);
}
