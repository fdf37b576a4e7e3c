/* make_policy: policies for tests, built in a few calls; freed by policy_fini. */
#ifndef TESTS_MAKE_POLICY_H
#define TESTS_MAKE_POLICY_H

#include "policy/partner.h"

void make_local(struct policy *p, const char *domain, bool certificate);
/* Returns it, valid until the next call, so that a test can change it. */
struct partner *make_partner(struct policy *p, const char *domain, int row, bool strict);
void make_additional(struct partner *partner, const char *domain);

#endif
