/* fake_daemon KIND SOCKET: answers as the daemon does, for a gateway that stands still. Prints "ready"; ends with its input. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/answers.h"
#include "fake_gateway.h"

static void reply(void *context, uint64_t client, const char *line, size_t len)
{
	control_answer(*(struct control **)context, client, line, len);
}

static void request(void *context, uint64_t client, const char *line, size_t len)
{
	answers_request(context, client, line, len);
}

static void input(void *context, unsigned what)
{
	char byte;

	(void)what;
	if (read(0, &byte, 1) <= 0)
		loop_stop(context);
}

static int kind_of(const char *name)
{
	return !strcmp(name, "busy") ? FAKE_BUSY : !strcmp(name, "small") ? FAKE_SMALL : FAKE_EMPTY;
}

int main(int argc, char **argv)
{
	char error[CONTROL_ERROR_SIZE];
	struct loop *loop = loop_new();
	struct loop_watch *watch = loop_watch_new(loop, 0, input, loop);
	struct control *control = NULL;
	struct gateway gateway;
	struct answers answers;
	struct control_options options = { argc == 3 ? argv[2] : "", 0, request, &answers };

	fake_gateway_init(&gateway, kind_of(argc == 3 ? argv[1] : ""), loop);
	answers_init(&answers, &gateway, "/srv/gateway.yml", reply, NULL, &control);
	control = control_new(loop, &options, error);
	if (control) {
		puts("ready");
		fflush(stdout);
		loop_watch_set(watch, LOOP_READ);
		loop_run(loop);
	} else {
		fprintf(stderr, "%s\n", error);
	}
	loop_watch_free(watch);
	fake_gateway_fini(&gateway);
	argc = control ? 0 : 1;
	control_free(control);
	loop_free(loop);
	return argc;
}
