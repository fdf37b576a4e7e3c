/* What DNS may say of a partner. A process of its own is the name server. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../net/responder.h"
#include "base/clock.h"
#include "daemon.h"
#include "peer.h"
#include "tap.h"

#define ROW "{ tls: not-supported, sasl: not-supported, dialback: true }\n"
#define SRV "_xmpp-server._tcp."
#define PARTNERS \
	"  many.test: " ROW "  none.test: " ROW "  own.test: " ROW "  inside.test: " ROW \
	"  loop.test: " ROW "  target-loop.test: " ROW "  brief.test: " ROW "  port0.test: " ROW \
	"  gone.test: " ROW "  silent.test: " ROW

static struct daemon d;

static bool is_name(const struct question *q, const char *name)
{
	return !strcmp(q->name, name);
}

static bool is_under(const struct question *q, const char *domain)
{
	size_t len = strlen(q->name), end = strlen(domain);

	return len >= end && !strcmp(q->name + len - end, domain);
}

static void address(struct reply *r, int last)
{
	char text[32];

	snprintf(text, sizeof(text), "%s.%d", d.net, last);
	reply_address(r, NULL, text);
}

static void add_many(struct reply *r)
{
	char target[40];
	int i;

	for (i = 0; i < 1000; i++) {
		snprintf(target, sizeof(target), "t%03d.many.test", i);
		reply_srv(r, NULL, i, 0, 5269, target);
	}
}

static bool answer_srv(const struct question *q, struct reply *r)
{
	if (is_name(q, SRV "many.test"))
		add_many(r);
	else if (is_name(q, SRV "none.test"))
		reply_srv(r, NULL, 0, 0, 0, "");
	else if (is_name(q, SRV "own.test"))
		reply_srv(r, NULL, 0, 0, 5269, "host.own.test");
	else if (is_name(q, SRV "inside.test"))
		reply_srv(r, NULL, 0, 0, 5347, "host.own.test");
	else if (is_name(q, SRV "target-loop.test"))
		reply_srv(r, NULL, 0, 0, 5269, "x.loop.test");
	else if (is_name(q, SRV "brief.test"))
		reply_srv(r, NULL, 0, 0, 5269, "host.brief.test");
	else if (is_name(q, SRV "port0.test"))
		reply_srv(r, NULL, 0, 0, 0, "host.brief.test");
	return true;
}

static bool answer(void *context, const struct question *q, struct reply *r)
{
	(void)context;
	r->ttl = is_under(q, "brief.test") ? 0 : 300;
	if (is_under(q, "silent.test"))
		return false;
	if (is_under(q, "gone.test"))
		reply_code(r, 3);
	else if (is_under(q, ".loop.test") && !is_name(q, "a.loop.test"))
		reply_cname(r, NULL, "a.loop.test");
	else if (is_name(q, "a.loop.test"))
		reply_cname(r, NULL, "b.loop.test");
	else if (q->type == 33)
		return answer_srv(q, r);
	else if (q->type == 1)
		address(r, is_under(q, "own.test") ? 1 : is_under(q, "many.test") ? 200 : 2);
	return true;
}

/* In a process of its own; its number. */
static pid_t serve_names(void)
{
	struct loop *l;
	pid_t pid;
	int port, ends[2];

	if (pipe(ends))
		daemon_die("pipe", "");
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		l = loop_new();
		port = responder_address(responder_new(l, answer, NULL)).port;
		if (write(ends[1], &port, sizeof(port)) == sizeof(port))
			loop_run(l);
		_exit(1);
	}
	if (read(ends[0], &port, sizeof(port)) != sizeof(port))
		daemon_die("no name server", "");
	close(ends[0]);
	close(ends[1]);
	d.dns_port = port;
	return pid;
}

static const char *bounced(struct peer *component, const char *domain)
{
	static char text[8192];

	peer_send(component, "<message from='b@us.test' to='a@%s' id='%s'><body/></message>",
		  domain, domain);
	snprintf(text, sizeof(text), "%s", peer_until(component, "</message>"));
	return text;
}

static void fails(struct peer *component, const char *domain, const char *what,
		  const char *condition, const char *slug)
{
	char regex[200];
	uint64_t begun = clock_monotonic_ms();
	const char *bounce = bounced(component, domain);
	unsigned took = (unsigned)(clock_monotonic_ms() - begun);

	tap_ok(strstr(bounce, condition) && strstr(bounce, domain) && took < 6000,
	       "F07: %s: %s (%u ms)", what, condition, took);
	snprintf(regex, sizeof(regex), "ev=(dial|stream)-failed .*remote=%s .*fail=%s ", domain,
		 slug);
	daemon_log(&d, regex);
}

static unsigned count_lines(const char *text)
{
	char line[5000];
	unsigned n = 0;
	FILE *f = fopen(d.log, "r");

	while (f && fgets(line, sizeof(line), f))
		n += strstr(line, "ev=stream-failed") && strstr(line, text);
	if (f)
		fclose(f);
	return n;
}

static void test_many(struct peer *component)
{
	unsigned n;

	fails(component, "many.test", "a thousand SRV records", "<remote-server-timeout ",
	      "connect-failed");
	n = count_lines("remote=many.test");
	tap_ok(n == 8, "F07: eight of them are tried (%u)", n);
}

static void test_no_service(struct peer *component)
{
	int listener = peer_listen(&d, 2);

	fails(component, "none.test", "the target '.'", "<remote-server-not-found ",
	      "dns-no-service");
	fails(component, "port0.test", "port 0", "<remote-server-timeout ", "dns-failed");
	tap_ok(!peer_is_dialled(listener, 200), "F07: neither is dialled nevertheless");
	close(listener);
}

static void test_brief(struct peer *component)
{
	int listener = peer_listen(&d, 2);
	struct peer out;

	peer_send(component, "<message from='b@us.test' to='a@brief.test' id='brief'/>");
	peer_dialback_out(&out, &d, listener, "brief.test", "us.test");
	peer_expect(&out, "id='brief'");
	tap_ok(true, "F07: a TTL of 0 serves once");
	peer_close(&out);
	close(listener);
}

int main(void)
{
	struct peer component;
	pid_t names;

	daemon_init(&d);
	names = serve_names();
	daemon_start(&d, "  stream-establishment-timeout: 5s\n", PARTNERS);
	peer_component(&component, &d);
	test_many(&component);
	test_no_service(&component);
	fails(&component, "own.test", "our own address", "<remote-server-not-found ",
	      "own-address");
	fails(&component, "inside.test", "the entrance of our components",
	      "<remote-server-not-found ", "own-address");
	fails(&component, "loop.test", "a loop of CNAMEs", "<remote-server-timeout ",
	      "dns-(failed|timeout)");
	fails(&component, "target-loop.test", "a target that is a loop of CNAMEs",
	      "<remote-server-timeout ", "dns-(failed|timeout)");
	fails(&component, "gone.test", "no such domain", "<remote-server-not-found ",
	      "dns-not-found");
	fails(&component, "silent.test", "a name server that is silent", "<remote-server-timeout ",
	      "dns-timeout");
	test_brief(&component);
	peer_close(&component);
	tap_ok(daemon_stop(&d) == 0, "it ends in order");
	daemon_fini(&d);
	kill(names, SIGKILL);
	waitpid(names, NULL, 0);
	return tap_done();
}
