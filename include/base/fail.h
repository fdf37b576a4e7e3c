/*
 * fail: what can go wrong, in one list (base/fail_list.h).
 *
 * Functions that can fail return 0 or the negative of an enum fail. Nobody decides by text. Any thread; no state.
 */
#ifndef BASE_FAIL_H
#define BASE_FAIL_H

#include <stdbool.h>

#include "base/fail_list.h"
#include "base/log.h"

#define FAIL_ENUM(name, ...) FAIL_##name,
enum fail { FAIL_NONE, FAIL_LIST(FAIL_ENUM) FAIL_COUNT };
#undef FAIL_ENUM

enum fail_retry { FAIL_RETRY_NEVER, FAIL_RETRY_LATER, FAIL_RETRY_NEXT };

struct fail_info {
	const char *slug;
	const char *stream_error;     /* "" = no XML, only the socket is closed */
	const char *bounce_type;      /* "" = nothing is bounced */
	const char *bounce_condition; /* RFC 6120 8.3.3 */
	enum fail_retry retry;
	enum log_level level;
	bool visible; /* may the peer see the sentence? */
	const char *text;
};

#define must_check __attribute__((warn_unused_result))

/* The row of FAIL, which is FAIL_NONE or a value of the list; never NULL. */
const struct fail_info *fail_info(enum fail fail);
const char *fail_str(enum fail fail);
const char *fail_retry_str(enum fail_retry retry);
/* The failure with that slug, FAIL_COUNT where there is none. */
enum fail fail_by_slug(const char *slug);

#endif
