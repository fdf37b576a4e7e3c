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

#endif
