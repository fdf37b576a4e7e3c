/*
 * srv: the order in which the targets of SRV records are tried. [RFC2782] [RFC6120 3.2.1]
 *
 * Plain data and pure functions: chance is brought by the caller. Any thread.
 */
#ifndef XMPP_SRV_H
#define XMPP_SRV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xmpp/jid.h"

#define SRV_TARGETS_MAX 8 /* that are tried; the rest is ignored, lowest order first */
#define SRV_RECORDS_MAX \
	65536 /* whose weights have a sum that fits; no answer of DNS holds as many */

struct srv {
	uint16_t priority;
	uint16_t weight;
	uint16_t port;
	bool direct_tls; /* TLS begins with the connection: of _xmpps-server [XEP-0368 3] */
	char target[JID_DOMAIN_SIZE]; /* in normal form; "" = ".", the service is not offered */
};

/*
 * By priority, whatever the service, and within one by weighted chance: NEXT gives a random number below its argument (which is > 0). Behind the
 * first SRV_TARGETS_MAX there is no chance, only priority. COUNT is at most SRV_RECORDS_MAX.
 */
void srv_order(struct srv *records, size_t count, uint32_t (*next)(void *context, uint32_t below),
	       void *context);

#endif
