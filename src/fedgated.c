/* fedgated: the daemon. */
#include <getopt.h>
#include <stdio.h>

#include "admin/command.h"
#include "admin/daemon.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

static void print_usage(FILE *file)
{
	fprintf(file,
		"usage: fedgated [-c FILE] [--check]\n"
		"\n"
		"Runs in the foreground and logs to standard error.\n"
		"\n"
		"  -c, --config FILE   the configuration; default %s\n"
		"  --check             check the configuration and exit: 0 where it has no errors\n"
		"  --help              print this and exit\n"
		"  --version           print the version and exit\n",
		command_default_config());
}

static int check_only(const char *path)
{
	struct diags diags;
	struct config *c;
	int status = COMMAND_OK;

	diags_init(&diags);
	if (command_load(path, &c, &diags))
		status = COMMAND_FAILED;
	command_print_diags(&diags, stderr);
	diags_fini(&diags);
	config_free(c);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = { { "config", required_argument, NULL, 'c' },
						      { "check", no_argument, NULL, 'k' },
						      { "help", no_argument, NULL, 'h' },
						      { "version", no_argument, NULL, 'v' },
						      { NULL, 0, NULL, 0 } };
	const char *path = command_default_config();
	bool check = false;
	int option;

	while ((option = getopt_long(argc, argv, "c:h", long_options, NULL)) != -1) {
		if (option == 'h') {
			print_usage(stdout);
			return COMMAND_OK;
		}
		if (option == 'v') {
			puts("fedgated " PACKAGE_VERSION);
			return COMMAND_OK;
		}
		if (option == 'c') {
			path = optarg;
		} else if (option == 'k') {
			check = true;
		} else {
			print_usage(stderr);
			return COMMAND_USAGE;
		}
	}
	if (optind != argc) {
		print_usage(stderr);
		return COMMAND_USAGE;
	}
	return check ? check_only(path) : daemon_run(path);
}
