/* names: a name server in a process of its own, which knows a few records. */
#ifndef TESTS_NAMES_H
#define TESTS_NAMES_H

#include "daemon.h"

struct name_record {
	const char *name;
	enum name_type {
		NAME_A = 1,
		NAME_AAAA = 28,
		NAME_SRV = 33,
		NAME_SILENT
	} type;		  /* SILENT: no question about it is answered */
	const char *data; /* an address, with $NET replaced; of SRV the target, "" = . */
	int priority, weight, port;
};

/* The one fedgated is to ask. A name without records does not exist. Gives its process. */
pid_t names_serve(struct daemon *d, const struct name_record *records, size_t count);
void names_end(pid_t names);

#endif
