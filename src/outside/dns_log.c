#include "outside/dns_log.h"

void dns_log_ignored(struct outside *o, const char *remote, const char *name, unsigned count)
{
	struct log_line l;

	if (!count || !o->hooks->logs(o->context, LOG_LEVEL_WARNING))
		return;
	log_begin(&l, LOG_LEVEL_WARNING, "dns-ignored");
	log_str(&l, "remote", remote);
	log_str(&l, "name", name);
	log_int(&l, "records", (long long)count);
	log_str(&l, "text", "They are malformed, or more than are looked at.");
	o->hooks->log(o->context, &l);
}
