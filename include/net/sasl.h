/*
 * sasl: SASL EXTERNAL through the SASL library, either role.
 *
 * The library is initialised once, by the main thread, before any other starts; exchanges belong to one thread each. It reads
 * no configuration file, loads no plug-in and looks up no name. It proves nothing by itself: the caller names the identity
 * that TLS proved. In a process that links it gethostname tells nothing.
 */
#ifndef NET_SASL_H
#define NET_SASL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fail.h"

/* -FAIL_SASL_LOCAL with the library's words in ERROR. */
#define SASL_ERROR_SIZE 200
int net_sasl_init(char error[SASL_ERROR_SIZE]) must_check;
void net_sasl_fini(void);

enum net_sasl_result { NET_SASL_DONE, NET_SASL_MORE, NET_SASL_FAILED };

struct net_sasl;

/* Receiving: LOCAL is our domain, EXTERNAL the peer's, in normal form, as its certificate proved it. NULL where the library
 * refuses or memory runs out. */
struct net_sasl *net_sasl_server(const char *local, const char *external);
/* Initiating: REMOTE is the peer's domain, AUTHZID ours, sent as the initial response; "" sends the empty one. NULL as
 * above. */
struct net_sasl *net_sasl_client(const char *remote, const char *authzid);
void net_sasl_free(struct net_sasl *s); /* NULL is allowed */

/*
 * One step. FIRST: an exchange begins: DATA is the peer's initial response as a server (NULL = none was sent), not looked at
 * as a client. *OUT (NULL = nothing) is what to send, owned by S until the next step. A client is done with its first step;
 * asked by an empty challenge it repeats itself.
 */
enum net_sasl_result net_sasl_step(struct net_sasl *s, bool first, const void *data, size_t len,
				   const void **out, size_t *out_len);
/*
 * Server, done: the authorisation identity that the peer asked for, a domain in normal form; "" where it gave none. Whatever
 * is no domain has failed; whether the peer may be that domain is the caller's to judge. Owned by S.
 */
const char *net_sasl_identity(const struct net_sasl *s);

#endif
