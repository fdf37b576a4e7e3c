/* answers_int: the results as JSON. */
#ifndef ADMIN_ANSWERS_INT_H
#define ADMIN_ANSWERS_INT_H

#include <jansson.h>

#include "admin/answers.h"

/* Each gives a new value, never NULL. */
json_t *answers_status(const struct answers *a, const struct gateway_report *report);
json_t *answers_streams(const struct gateway_report *report);
json_t *answers_explain(const struct answers *a, const char *domain,
			const struct gateway_report *report);
json_t *answers_certificates(const struct answers *a);
/* Does what P asks for first; NULL, with the reason, where that cannot be. */
json_t *answers_pin(const struct answers *a, const struct answers_pending *p, const char **why);

#endif
