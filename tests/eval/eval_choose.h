/*
 * eval_choose: the cases of the three choosers.
 *
 * A line is VERDICT KEY=VALUE,VALUE… …: the verdict holds for every combination of the values named; a key that is not
 * named stands for all its values. At the end of a file every combination must have been covered, so that nothing a chooser
 * can be asked is left to chance.
 *
 *	row		1 to 18, unknown, valid (the 13), not-valid (the 5)
 *	tls, can-tls, strict, external-failed, verify-only, old, ratchet	yes, no
 *	best		what was used before: nothing, sasl, tls-dialback, tcp-dialback
 *	cert		valid, invalid (all of them), or the slug of a failure
 *	weak		yes, no: TLS is not as the partner's settings ask for (choose_accept)
 *	starttls, required, external, dialback	what was offered (choose_next): yes, no
 *	request		stream, starttls, external, dialback, stanza (choose_accept)
 *
 * Verdicts: choose_offer: starttls,required,external,dialback in this order, or nothing; choose_next: starttls,
 * starttls-unoffered, external, dialback, or a failure's slug; choose_accept: yes, or a failure's slug. "certificate"
 * stands for the failure that cert is.
 */
#ifndef TESTS_EVAL_CHOOSE_H
#define TESTS_EVAL_CHOOSE_H

#include "eval_file.h"

#define EVAL_CHOOSE_SIZE (19 * 14 * 5 * 4 * 2 * 2 * 2 * 2 * 2 * 2 * 2 * 2 * 2 * 2 * 2 * 2 * 2)

bool eval_choose_offer(struct eval_case *c, void *ctx);
bool eval_choose_next(struct eval_case *c, void *ctx);
bool eval_choose_accept(struct eval_case *c, void *ctx);
bool eval_choose_finish_offer(struct eval_case *c, void *ctx);
bool eval_choose_finish_next(struct eval_case *c, void *ctx);
bool eval_choose_finish_accept(struct eval_case *c, void *ctx);

#endif
