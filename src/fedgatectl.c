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
	  .arguments = "[-c FILE] [-s SOCKET] [--json] DOMAIN",
	  .summary = "show how a domain would be treated, and why",
	  .help = "Says which partner's row applies to DOMAIN and from which line, the methods it "
		  "permits,\nwhat an active attacker could force, and what there is to know; where "
		  "the daemon runs, also\nhow the last attempt in each direction ended.\nThe "
		  "exit status is 0 for a partner's or a local domain; 1 for one that is refused, "
		  "where the\nconfiguration has errors, or where SOCKET was named and nobody "
		  "answers; 2 where DOMAIN is not\na domain.\n",
	  .min = 1,
	  .max = 1,
	  .config = true,
	  .socket = true,
	  .json = true,
	  .run = command_explain },
	{ .name = "dns",
	  .arguments = "[-c FILE] [--json] DOMAIN",
	  .summary = "show where a partner's domain would be dialled, and why",
	  .help = "Asks DNS about DOMAIN as the daemon would before it dials: its SRV records, "
		  "with "
		  "and without\ndirect TLS, the targets in the order in which they are tried, the "
		  "addresses of each, and those\nthat are left out. Nothing is dialled, and no "
		  "daemon "
		  "is needed.\nThe exit status is 0 where there is an address to dial; 1 where "
		  "there is "
		  "none, where DOMAIN is\nnot a partner's or the configuration has errors; 2 where "
		  "DOMAIN is not a domain.\n",
	  .min = 1,
	  .max = 1,
	  .config = true,
	  .json = true,
	  .run = command_dns },
	{ .name = "status",
	  .arguments = "[-c FILE] [-s SOCKET] [--json]",
	  .summary = "show how the running daemon is",
	  .help = "Asks the daemon for its streams by direction and method, its queues, what is "
		  "attached inside,\nand its counters. `unaccounted` is how many stanzas were "
		  "neither delivered, dropped, nor\nwait: other than 0 only for the moment "
		  "that one is on its way.\n",
	  .config = true,
	  .socket = true,
	  .json = true,
	  .run = command_status },
	{ .name = "streams",
	  .arguments = "[-c FILE] [-s SOCKET] [--json]",
	  .summary = "list the running daemon's streams with the outside",
	  .help = "A line for each stream: its id as the log has it, direction, the domains, the "
		  "partner's row,\nthe method (while it is being negotiated: how far it has "
		  "come), its age, the stanzas that it\ncarried, the bytes that wait to be sent, "
		  "TLS version and cipher.\n",
	  .config = true,
	  .socket = true,
	  .json = true,
	  .run = command_streams },
	{ .name = "reload",
	  .arguments = "[-c FILE] [-s SOCKET] [--json]",
	  .summary = "make the running daemon go by the changed configuration",
	  .help = "The daemon reads its configuration, certificates and secrets again and goes by "
		  "them, all or\nnothing: with any error all stays as it was, the errors are "
		  "printed, and the exit status is 1.\nStreams that the new configuration does not "
		  "allow end; the others live on.\n",
	  .config = true,
	  .socket = true,
	  .json = true,
	  .run = command_reload },
	{ .name = "certificates",
	  .arguments = "[-c FILE] [-s SOCKET] [--json]",
	  .summary = "list our certificates and the partners', by when they end",
	  .help = "Asks the daemon for the certificates it uses and those that partners showed "
		  "last, the one that\nends first at the top, with the days that are left, what "
		  "they may be used for, and who issued\nthem. `!` marks what needs somebody's "
		  "attention; certificate-warning-days says how early.\n",
	  .config = true,
	  .socket = true,
	  .json = true,
	  .run = command_certificates },
	{ .name = "pin",
	  .arguments = "[-c FILE] [-s SOCKET] [--json] DOMAIN [--accept [KEY] | --forget]",
	  .summary = "show or change what is remembered of a partner",
	  .help = "Shows the key that is expected of DOMAIN and the one seen last, the best method "
		  "it ever used, and\nthe last attempts, for each direction.\n--accept: the key "
		  "seen last is the one expected from now on; with KEY, at least the first 8\n"
		  "digits of its hash, only if it is that one. --forget: nothing is remembered of "
		  "DOMAIN any more;\nthe next key and method are taken as they come.\nThe exit "
		  "status is 1 where the daemon cannot do what is asked.\n",
	  .min = 1,
	  .max = 2,
	  .config = true,
	  .socket = true,
	  .json = true,
	  .pin = true,
	  .run = command_pin },
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
	if (c->config || c->socket || c->json)
		puts("");
	if (c->config)
		printf("  -c, --config FILE   the configuration; default %s\n",
		       command_default_config());
	if (c->socket)
		puts("  -s, --socket SOCKET where the daemon is; default: what the configuration "
		     "says");
	if (c->json)
		puts("  --json              print JSON, for programs");
}

/* WHY may be NULL where it was said already. */
static int usage_error(const struct command *c, const char *why, const char *what)
{
	if (why)
		fprintf(stderr, why, what);
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
	if (!strcmp(argv[1], "help")) {
		print_usage(stdout);
		return COMMAND_OK;
	}
	c = find_command(argv[1]);
	if (!c)
		return unknown_command(argv[1]);
	print_command_help(c);
	return COMMAND_OK;
}

/* What was asked for by options, before the command or after it. */
struct given {
	const char *config; /* NULL = not given */
	const char *socket;
	bool json;
	bool accept;
	bool forget;
	bool help;
	bool version;
};

/* Options up to the first argument, or, with ALL, wherever they stand. False where one is wrong, and it was said. */
static bool read_options(int argc, char **argv, bool all, struct given *given)
{
	static const struct option long_options[] = { { "config", required_argument, NULL, 'c' },
						      { "socket", required_argument, NULL, 's' },
						      { "json", no_argument, NULL, 'j' },
						      { "accept", no_argument, NULL, 'a' },
						      { "forget", no_argument, NULL, 'f' },
						      { "help", no_argument, NULL, 'h' },
						      { "version", no_argument, NULL, 'V' },
						      { NULL, 0, NULL, 0 } };
	int option;

	optind = 0; /* begin anew */
	while ((option = getopt_long(argc, argv, all ? "c:s:hV" : "+c:s:hV", long_options, NULL)) !=
	       -1) {
		if (option == 'c')
			given->config = optarg;
		else if (option == 's')
			given->socket = optarg;
		else if (option == 'j')
			given->json = true;
		else if (option == 'a')
			given->accept = true;
		else if (option == 'f')
			given->forget = true;
		else if (option == 'h')
			given->help = true;
		else if (option == 'V')
			given->version = true;
		else
			return false;
	}
	return true;
}

static int run_command(const struct command *c, int argc, char **argv, struct given *given)
{
	struct command_options options = { .config = command_default_config() };
	int i;

	if (!read_options(argc, argv, true, given))
		return usage_error(c, NULL, NULL);
	if (given->help) {
		print_command_help(c);
		return COMMAND_OK;
	}
	if (given->version)
		return usage_error(c, "fedgatectl: %s has no option --version\n", c->name);
	if (given->config && !c->config)
		return usage_error(c, "fedgatectl: %s has no option -c\n", c->name);
	if (given->socket && !c->socket)
		return usage_error(c, "fedgatectl: %s has no option -s\n", c->name);
	if (given->json && !c->json)
		return usage_error(c, "fedgatectl: %s has no option --json\n", c->name);
	if ((given->accept || given->forget) && !c->pin)
		return usage_error(c, "fedgatectl: %s has no option --accept or --forget\n",
				   c->name);
	options.accept = given->accept;
	options.forget = given->forget;
	options.config_given = given->config != NULL;
	if (given->config)
		options.config = given->config;
	options.socket = given->socket;
	options.json = given->json;
	options.arguments = argv + optind;
	options.count = argc - optind;
	if (options.count < c->min)
		return usage_error(c, "fedgatectl: %s needs an argument\n", c->name);
	if (options.count > c->max)
		return usage_error(c, "fedgatectl: there is no place for the argument `%s`\n",
				   options.arguments[c->max]);
	for (i = 0; i < options.count; i++)
		if (!options.arguments[i][0])
			return usage_error(c, "fedgatectl: an argument of %s is empty\n", c->name);
	return c->run(&options);
}

int main(int argc, char **argv)
{
	static char name[] = "fedgatectl"; /* what getopt begins its messages with */
	struct given given = { NULL, NULL, false, false, false, false, false };
	const struct command *c;

	if (argc < 2) {
		print_usage(stderr);
		return COMMAND_USAGE;
	}
	argv[0] = name;
	if (!read_options(argc, argv, false, &given)) {
		fputs("Try `fedgatectl --help`.\n", stderr);
		return COMMAND_USAGE;
	}
	if (given.version) {
		puts("fedgatectl " PACKAGE_VERSION);
		return COMMAND_OK;
	}
	argc -= optind;
	argv += optind;
	if (!argc && !given.help) {
		fputs("fedgatectl: there is no command\nTry `fedgatectl --help`.\n", stderr);
		return COMMAND_USAGE;
	}
	if (!argc || !strcmp(argv[0], "help"))
		return run_help(argc, argv);
	c = find_command(argv[0]);
	if (!c)
		return unknown_command(argv[0]);
	argv[0] = name;
	return run_command(c, argc, argv, &given);
}
