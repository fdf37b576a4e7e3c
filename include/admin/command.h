/*
 * command: what fedgatectl can do.
 *
 * Each command prints to standard output, says what went wrong on standard error, and returns the exit status. For the main
 * thread of a tool.
 */
#ifndef ADMIN_COMMAND_H
#define ADMIN_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "config/config.h"

enum command_status {
	COMMAND_OK = 0,
	COMMAND_FAILED = 1, /* the answer is no, or an error */
	COMMAND_USAGE = 2
};

struct command_options {
	const char *config; /* never NULL */
	bool config_given;  /* not the default */
	const char *socket; /* NULL = as the configuration says */
	bool json;
	bool accept;
	bool forget;
	char **arguments; /* what is no option */
	int count;
};

struct command {
	const char *name;
	const char *arguments; /* for the usage line */
	const char *summary;   /* one line for the list; NULL = not listed */
	const char *help;
	int min; /* number of arguments */
	int max;
	bool config; /* takes -c FILE */
	bool socket; /* takes -s SOCKET */
	bool json;   /* takes --json */
	bool pin;    /* takes --accept or --forget */
	int (*run)(const struct command_options *options);
};

int command_matrix(const struct command_options *options);
int command_check_config(const struct command_options *options);
int command_dns(const struct command_options *options);
int command_explain(const struct command_options *options);
int command_certificates(const struct command_options *options);
int command_pin(const struct command_options *options);
int command_reference(const struct command_options *options);
int command_status(const struct command_options *options);
int command_streams(const struct command_options *options);
int command_reload(const struct command_options *options);

/* Where the configuration is unless -c says otherwise. */
const char *command_default_config(void);
/* Loads with the real files, at the present time. */
int command_load(const char *path, struct config **out, struct diags *diags) must_check;
/* All of it to FILE, a line each. */
void command_print_diags(const struct diags *diags, FILE *file);
/* Writes and frees what OUT holds; COMMAND_FAILED where it cannot be written. */
int command_write(struct buf *out);

#endif
