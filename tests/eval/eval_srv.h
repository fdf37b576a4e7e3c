/* eval_srv: the kind of srv.eval: ORDER DRAWN RECORD… */
#ifndef TESTS_EVAL_SRV_H
#define TESTS_EVAL_SRV_H

#include "eval_file.h"

bool eval_srv(struct eval_case *c, void *ctx);

#endif
