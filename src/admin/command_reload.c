#include <stdio.h>
#include <stdlib.h>

#include "remote_int.h"

/* As check-config prints them. */
static void print_diagnostics(const json_t *list)
{
	char file[500], text[2100];
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		const json_t *d = json_array_get(list, i);
		remote_plain(remote_str(d, "file"), file, sizeof(file));
		remote_plain(remote_str(d, "text"), text, sizeof(text));
		fputs(file, stderr);
		if (remote_int(d, "line"))
			fprintf(stderr, ":%llu:%llu", (unsigned long long)remote_int(d, "line"),
				(unsigned long long)remote_int(d, "column"));
		fprintf(stderr, ": %s: %s\n", remote_str(d, "severity"), text);
	}
}

int command_reload(const struct command_options *options)
{
	char error[REMOTE_ERROR_SIZE];
	char *socket = remote_socket(options);
	json_t *result;
	int rc = remote_ask(socket, "reload", NULL, &result, error);

	free(socket);
	if (rc) {
		print_diagnostics(json_object_get(result, "diagnostics"));
		fprintf(stderr, "fedgatectl: %s\n", error);
		json_decref(result);
		return COMMAND_FAILED;
	}
	if (options->json)
		return report_json_write(result);
	printf("fedgated goes by the configuration as it is now: %llu domains, %llu partners\n",
	       (unsigned long long)remote_int(result, "domains"),
	       (unsigned long long)remote_int(result, "partners"));
	json_decref(result);
	return COMMAND_OK;
}
