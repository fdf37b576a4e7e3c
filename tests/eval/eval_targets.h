/* eval_targets: the kind of targets.eval: TARGETS DRAWN ROW DIRECT-TLS XMPP XMPPS, and others; see there. */
#ifndef TESTS_EVAL_TARGETS_H
#define TESTS_EVAL_TARGETS_H

#include "eval_file.h"

bool eval_targets(struct eval_case *c, void *ctx);

#endif
