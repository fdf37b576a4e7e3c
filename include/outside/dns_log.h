/* dns_log: says that records of DNS were left out, for whoever asked for them. The worker's thread. */
#ifndef OUTSIDE_DNS_LOG_H
#define OUTSIDE_DNS_LOG_H

#include "outside/outside.h"

/* COUNT records of NAME, which was looked up for REMOTE; 0 is no news. */
void dns_log_ignored(struct outside *o, const char *remote, const char *name, unsigned count);

#endif
