/* eval_dane: the kind of dane.eval, and what the lines of verdict.eval say of DANE. */
#ifndef TESTS_EVAL_DANE_H
#define TESTS_EVAL_DANE_H

#include "eval_file.h"
#include "trust/dane.h"

#define EVAL_DANE_SIZE ((DANE_EE + 1) * sizeof(bool))

/* MATCH PATH  CHAIN RECORD… */
bool eval_dane(struct eval_case *c, void *ctx);
/* Was every match seen? */
bool eval_dane_finish(struct eval_case *c, void *ctx);

struct eval_dane_facts {
	struct dane_facts facts;
	bool given, required;
};
/* Takes field I where it is one about DANE. */
bool eval_dane_field(struct eval_case *c, int i, struct eval_dane_facts *out);

bool eval_chain_parse(const char *text, enum cert_chain *chain);

#endif
