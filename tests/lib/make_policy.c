#include "make_policy.h"

#include <string.h>

#include "base/mem.h"

void make_local(struct policy *p, const char *domain, bool certificate)
{
	p->locals = mem_grow(p->locals, (p->local_count + 1) * sizeof(*p->locals));
	p->locals[p->local_count++] =
		(struct local_domain){ .domain = mem_strdup(domain), .certificate = certificate };
}

struct partner *make_partner(struct policy *p, const char *domain, int row, bool strict)
{
	struct partner *partner;

	p->partners = mem_grow(p->partners, (p->partner_count + 1) * sizeof(*p->partners));
	partner = &p->partners[p->partner_count++];
	memset(partner, 0, sizeof(*partner));
	partner->domain = mem_strdup(domain);
	partner->row = matrix_row_number(row);
	partner->strict = strict;
	partner->keepalive = true;
	partner->connection_limit = 20;
	return partner;
}

void make_additional(struct partner *partner, const char *domain)
{
	size_t size = (partner->additional_count + 1) * sizeof(*partner->additional_domains);

	partner->additional_domains = mem_grow(partner->additional_domains, size);
	partner->additional_domains[partner->additional_count++] = mem_strdup(domain);
}
