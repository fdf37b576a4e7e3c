/* fail: the rows of the failure list, held against the standard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"

/* [RFC6120 4.9.3] */
static const char *const stream_errors[] = {
	"bad-format",
	"bad-namespace-prefix",
	"conflict",
	"connection-timeout",
	"host-gone",
	"host-unknown",
	"improper-addressing",
	"internal-server-error",
	"invalid-from",
	"invalid-namespace",
	"invalid-xml",
	"not-authorized",
	"not-well-formed",
	"policy-violation",
	"remote-connection-failed",
	"reset",
	"resource-constraint",
	"restricted-xml",
	"see-other-host",
	"system-shutdown",
	"undefined-condition",
	"unsupported-encoding",
	"unsupported-feature",
	"unsupported-stanza-type",
	"unsupported-version",
};

/* [RFC6120 8.3.3] */
static const char *const conditions[] = {
	"bad-request",
	"conflict",
	"feature-not-implemented",
	"forbidden",
	"gone",
	"internal-server-error",
	"item-not-found",
	"jid-malformed",
	"not-acceptable",
	"not-allowed",
	"not-authorized",
	"policy-violation",
	"recipient-unavailable",
	"redirect",
	"registration-required",
	"remote-server-not-found",
	"remote-server-timeout",
	"resource-constraint",
	"service-unavailable",
	"subscription-required",
	"undefined-condition",
	"unexpected-request",
};

/* [RFC6120 8.3.2] */
static const char *const types[] = { "auth", "cancel", "continue", "modify", "wait" };

static bool in(const char *text, const char *const *list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!strcmp(list[i], text))
			return true;
	return false;
}

#define IN(text, list) in(text, list, sizeof(list) / sizeof(*(list)))

static void test_slugs(void **state)
{
	int i, k;

	(void)state;
	for (i = 0; i < FAIL_COUNT; i++) {
		const char *slug = fail_str((enum fail)i);
		assert_ptr_equal(slug, fail_info((enum fail)i)->slug);
		assert_true(strlen(slug) > 0 && strlen(slug) < 32);
		/* they stand in logfmt, in metric labels and in JSON as they are */
		assert_int_equal(strspn(slug, "abcdefghijklmnopqrstuvwxyz-"), strlen(slug));
		for (k = 0; k < i; k++)
			assert_string_not_equal(slug, fail_str((enum fail)k));
	}
}

static void test_by_slug(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < FAIL_COUNT; i++)
		assert_int_equal(fail_by_slug(fail_str((enum fail)i)), i);
	assert_int_equal(fail_by_slug("tls-required"), FAIL_TLS_REQUIRED);
	assert_int_equal(fail_by_slug("none"), FAIL_NONE);
	assert_int_equal(fail_by_slug(""), FAIL_COUNT);
	assert_int_equal(fail_by_slug("tls"), FAIL_COUNT);
	assert_int_equal(fail_by_slug("tls-required "), FAIL_COUNT);
}

static void test_stream_errors(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < FAIL_COUNT; i++) {
		const struct fail_info *info = fail_info((enum fail)i);
		if (*info->stream_error && !IN(info->stream_error, stream_errors))
			fail_msg("%s: %s is no stream error", info->slug, info->stream_error);
	}
}

static void test_bounces(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < FAIL_COUNT; i++) {
		const struct fail_info *info = fail_info((enum fail)i);
		/* both or neither */
		assert_int_equal(!*info->bounce_type, !*info->bounce_condition);
		if (!*info->bounce_type)
			continue;
		if (!IN(info->bounce_type, types))
			fail_msg("%s: %s is no type", info->slug, info->bounce_type);
		if (!IN(info->bounce_condition, conditions))
			fail_msg("%s: %s is no condition", info->slug, info->bounce_condition);
	}
}

static void test_sentences(void **state)
{
	int i, k;

	(void)state;
	for (i = 0; i < FAIL_COUNT; i++) {
		const struct fail_info *info = fail_info((enum fail)i);
		size_t len = strlen(info->text);
		assert_true(len > 10);
		assert_int_equal(info->text[len - 1], '.');
		assert_true(info->level <= LOG_LEVEL_DEBUG);
		assert_true(info->retry <= FAIL_RETRY_NEXT);
		for (k = 0; k < i; k++)
			assert_string_not_equal(info->text, fail_info((enum fail)k)->text);
		/* what happened inside is nobody's business outside */
		if (info->level == LOG_LEVEL_ERROR)
			assert_false(info->visible);
	}
}

/* No failure of TLS or of policy may be healed by trying in clear at the next address. */
static void test_retries(void **state)
{
	static const enum fail next[] = { FAIL_CONNECT_REFUSED, FAIL_CONNECT_TIMEOUT,
					  FAIL_TLS_HANDSHAKE,	FAIL_ESTABLISHMENT_TIMEOUT,
					  FAIL_PEER_CLOSED,	FAIL_CONNECTION_LOST };
	int i;

	(void)state;
	for (i = 0; i < FAIL_COUNT; i++) {
		bool listed = false;
		for (size_t k = 0; k < sizeof(next) / sizeof(*next); k++)
			listed = listed || (int)next[k] == i;
		assert_int_equal(fail_info((enum fail)i)->retry == FAIL_RETRY_NEXT, listed);
	}
	assert_int_equal(fail_info(FAIL_HOST_UNKNOWN)->retry, FAIL_RETRY_NEVER);
	assert_int_equal(fail_info(FAIL_PARTNER_UNKNOWN)->retry, FAIL_RETRY_NEVER);
	assert_string_equal(fail_retry_str(FAIL_RETRY_NEVER), "never");
	assert_string_equal(fail_retry_str(FAIL_RETRY_LATER), "later");
	assert_string_equal(fail_retry_str(FAIL_RETRY_NEXT), "next");
}

static void test_none(void **state)
{
	const struct fail_info *info = fail_info(FAIL_NONE);

	(void)state;
	assert_int_equal(FAIL_NONE, 0);
	assert_string_equal(info->stream_error, "");
	assert_string_equal(info->bounce_type, "");
	assert_int_equal(info->retry, FAIL_RETRY_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slugs),	      cmocka_unit_test(test_by_slug),
		cmocka_unit_test(test_stream_errors), cmocka_unit_test(test_bounces),
		cmocka_unit_test(test_sentences),     cmocka_unit_test(test_retries),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
