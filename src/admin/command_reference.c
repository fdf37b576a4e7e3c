/* The documents that are made from the schema. */
#include "report_int.h"

#include <string.h>

int command_reference(const struct command_options *options)
{
	const char *which = options->arguments[0];
	struct buf out;

	buf_init(&out, REPORT_MAX);
	if (!strcmp(which, "yaml")) {
		schema_reference(&out);
	} else if (!strcmp(which, "man")) {
		schema_manual(&out);
	} else {
		fputs("fedgatectl: the documents are `yaml` and `man`\n", stderr);
		return COMMAND_USAGE;
	}
	return command_write(&out);
}
