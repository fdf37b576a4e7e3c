/* How a worker looks partners up. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "gateway_int.h"

int worker_open_resolver(struct worker *w, char error[GATEWAY_ERROR_SIZE])
{
	const struct config_dns *dns = &worker_config(w)->dns;
	struct net_address *servers = mem_new((dns->servers.count + 1) * sizeof(*servers));
	struct resolver_settings settings = {
		.servers = servers,
		.timeout_ms = dns->timeout * 1000,
		.trust_anchors = dns->dnssec ? dns->trust_anchor_file : NULL,
	};
	char reason[RESOLVER_ERROR_SIZE] = "";
	size_t i;

	for (i = 0; i < dns->servers.count; i++)
		if (net_address_parse(dns->servers.items[i].host, dns->servers.items[i].port,
				      &servers[settings.count]))
			settings.count++;
	w->outside.resolver = resolver_new(w->loop, &settings, reason);
	free(servers);
	if (!w->outside.resolver)
		snprintf(error, GATEWAY_ERROR_SIZE, "dns: %s", reason);
	return w->outside.resolver ? 0 : -FAIL_IO;
}
