#include "base/fail.h"

#include <string.h>

#define FAIL_ROW(name, slug, stream_error, bounce_type, bounce, retry, level, visible, text) \
	[FAIL_##name] = { \
		slug,	 stream_error, bounce_type, bounce, FAIL_RETRY_##retry, LOG_LEVEL_##level, \
		visible, text \
	},

static const struct fail_info rows[FAIL_COUNT] = { [FAIL_NONE] = { "none", "", "", "",
								   FAIL_RETRY_NEVER, LOG_LEVEL_INFO,
								   true, "Nothing failed." },
						   FAIL_LIST(FAIL_ROW) };

const struct fail_info *fail_info(enum fail fail)
{
	return &rows[fail];
}

const char *fail_str(enum fail fail)
{
	return rows[fail].slug;
}

const char *fail_retry_str(enum fail_retry retry)
{
	static const char *const names[] = {
		[FAIL_RETRY_NEVER] = "never",
		[FAIL_RETRY_LATER] = "later",
		[FAIL_RETRY_NEXT] = "next",
	};
	return names[retry];
}

enum fail fail_by_slug(const char *slug)
{
	int i;

	for (i = 0; i < FAIL_COUNT; i++)
		if (!strcmp(rows[i].slug, slug))
			return (enum fail)i;
	return FAIL_COUNT;
}
