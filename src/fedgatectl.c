/* fedgatectl: the tool of whoever runs the gateway. */
#include <getopt.h>
#include <string.h>

#include "admin/command.h"
#include "base/str.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

static const struct command commands[] = {
	{ .name = "matrix",
	  .arguments = "[--json]",
	  .summary = "print the 18 rows and what each permits",
	  .help = "Prints the matrix of TLS, SASL and dialback: for each row the methods it "
		  "permits, "
		  "best\nfirst, and what its operator should know.\n",
	  .json = true,
	  .run = command_matrix },
	{ .name = "check-config",
	  .arguments = "[--json] [FILE]",
	  .summary = "check a configuration and show what it means",
	  .help = "Reports everything wrong or doubtful in FILE and in what it includes, then for "
		  "each partner\nits row, the methods it permits, and the weakest one that an "
		  "active attacker could force.\nThe exit status is 0 without errors, warnings "
		  "allowed; 1 with errors.\n",
	  .max = 1,
	  .config = true,
	  .json = true,
	  .run = command_check_config },
	{ .name = "explain",
	  .arguments = "[-c FILE] [--json] DOMAIN",
	  .summary = "show how a domain would be treated, and why",
	  .help = "Says which partner's row applies to DOMAIN and from which line, the methods it "
		  "permits,\nwhat an active attacker could force, and what there is to know.\nThe "
		  "exit status is 0 for a partner's or a local domain; 1 for one that is refused, "
		  "or where\nthe configuration has errors; 2 where DOMAIN is not a domain.\n",
	  .min = 1,
	  .max = 1,
	  .config = true,
	  .json = true,
	  .run = command_explain },
	/* how the documents that are made from the schema are made */
	{ .name = "reference",
	  .arguments = "yaml|man",
	  .help = "Prints the reference configuration, or its manual page.\n",
	  .min = 1,
	  .max = 1,
	  .run = command_reference },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < COMMAND_COUNT; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static void print_usage(FILE *file)
{
	size_t i;

	fputs("usage: fedgatectl COMMAND [ARGUMENT]...\n\n", file);
	for (i = 0; i < COMMAND_COUNT; i++)
		if (commands[i].summary)
			fprintf(file, "  %-14s%s\n", commands[i].name, commands[i].summary);
	fputs("  help COMMAND  say more about a command\n"
	      "\n"
	      "  --help        print this and exit\n"
	      "  --version     print the version and exit\n",
	      file);
}

static void print_command_help(const struct command *c)
{
	printf("usage: fedgatectl %s %s\n\n%s", c->name, c->arguments, c->help);
	if (c->config || c->json)
		puts("");
	if (c->config)
		printf("  -c, --config FILE   the configuration; default %s\n",
		       command_default_config());
	if (c->json)
		puts("  --json              print JSON, for programs");
}

static int usage_error(const struct command *c)
{
	fprintf(stderr, "usage: fedgatectl %s %s\n", c->name, c->arguments);
	return COMMAND_USAGE;
}

static int unknown_command(const char *name)
{
	const char *meant = NULL;
	unsigned best = 4;
	size_t i;

	for (i = 0; i < COMMAND_COUNT; i++) {
		unsigned distance = str_distance(commands[i].name, name, best);
		if (!commands[i].summary || distance >= best)
			continue;
		best = distance;
		meant = commands[i].name;
	}
	fprintf(stderr, "fedgatectl: there is no command `%s`", name);
	if (meant)
		fprintf(stderr, "; did you mean `%s`?", meant);
	fputs("\nTry `fedgatectl --help`.\n", stderr);
	return COMMAND_USAGE;
}

static int run_help(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2) {
		print_usage(stdout);
		return COMMAND_OK;
	}
	c = find_command(argv[1]);
	if (!c)
		return unknown_command(argv[1]);
	print_command_help(c);
	return COMMAND_OK;
}

static int run_command(const struct command *c, int argc, char **argv)
{
	static const struct option long_options[] = { { "config", required_argument, NULL, 'c' },
						      { "json", no_argument, NULL, 'j' },
						      { "help", no_argument, NULL, 'h' },
						      { NULL, 0, NULL, 0 } };
	struct command_options options = { command_default_config(), false, NULL, 0 };
	int option;

	while ((option = getopt_long(argc, argv, "c:h", long_options, NULL)) != -1) {
		if (option == 'h') {
			print_command_help(c);
			return COMMAND_OK;
		}
		if (option == 'c' && c->config)
			options.config = optarg;
		else if (option == 'j' && c->json)
			options.json = true;
		else
			return usage_error(c);
	}
	options.arguments = argv + optind;
	options.count = argc - optind;
	if (options.count < c->min || options.count > c->max)
		return usage_error(c);
	return c->run(&options);
}

int main(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2) {
		print_usage(stderr);
		return COMMAND_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_usage(stdout);
		return COMMAND_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("fedgatectl " PACKAGE_VERSION);
		return COMMAND_OK;
	}
	if (!strcmp(argv[1], "help"))
		return run_help(argc - 1, argv + 1);
	c = find_command(argv[1]);
	return c ? run_command(c, argc - 1, argv + 1) : unknown_command(argv[1]);
}
