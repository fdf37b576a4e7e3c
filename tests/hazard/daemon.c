#include "daemon.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define WAIT_MS 20000

static struct daemon *running; /* for dying */

/* ALL, or what others than fedgated itself have to say: sanitizers. */
static void show_log(const struct daemon *d, bool all)
{
	char line[1000];
	FILE *f = fopen(d->log, "r");

	while (f && fgets(line, sizeof(line), f))
		if (all || strncmp(line, "level=", 6))
			printf("# %s", line);
	if (f)
		fclose(f);
}

void daemon_die(const char *what, const char *which)
{
	printf("Bail out! %s: %s\n", what, which);
	if (running) {
		show_log(running, true);
		if (running->pid > 0)
			kill(running->pid, SIGKILL);
	}
	exit(1);
}

void daemon_init(struct daemon *d)
{
	memset(d, 0, sizeof(*d));
	pki_init(&d->pki);
	pki_make(&d->pki, &(struct pki_wish){ .name = "us.test", .with_ca = true });
	pki_make(&d->pki, &(struct pki_wish){ .name = "bare.test", .with_ca = true });
	snprintf(d->dir, sizeof(d->dir), "%s", d->pki.dir);
	snprintf(d->log, sizeof(d->log), "%s/log", d->dir);
	snprintf(d->config, sizeof(d->config), "%s/fedgate.yml", d->dir);
	snprintf(d->socket, sizeof(d->socket), "%s/control", d->dir);
	snprintf(d->net, sizeof(d->net), "127.%d.%d", 16 + getpid() / 250 % 200,
		 1 + getpid() % 250);
	d->workers = getenv("HAZARD_WORKERS") ? atoi(getenv("HAZARD_WORKERS")) : 2;
	running = d;
}

static void write_with_net(FILE *f, const struct daemon *d, const char *text)
{
	const char *hit;

	while ((hit = strstr(text, "$NET"))) {
		fwrite(text, 1, (size_t)(hit - text), f);
		fputs(d->net, f);
		text = hit + 4;
	}
	fputs(text, f);
}

void daemon_file(const struct daemon *d, const char *name, const char *text)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", d->dir, name);
	f = fopen(path, "w");
	if (!f)
		daemon_die("cannot write", path);
	fputs(text, f);
	fclose(f);
	chmod(path, 0600);
}

static void write_config(const struct daemon *d, const char *settings, const char *partners)
{
	FILE *f = fopen(d->config, "w");

	if (!f)
		daemon_die("cannot write", d->config);
	fprintf(f,
		"gateway:\n"
		"  listen: [\"%s.1:5269\"]\n"
		"  workers: %d\n"
		"  state-dir: %s\n"
		"  control-socket: %s\n"
		"  dialback-secret-file: dialback.secret\n"
		"  log-level: debug\n",
		d->net, d->workers, d->dir, d->socket);
	write_with_net(f, d, settings);
	fprintf(f,
		"tls: { trust-anchors: anchors.pem }\n"
		"dns: { servers: [\"%s%s@%d\"], %s }\n"
		"domains:\n"
		"  us.test: { certificate: us.test.crt, private-key: us.test.key, inside: app }\n"
		"  bare.test: { certificate: bare.test.crt, private-key: bare.test.key }\n"
		"  nocert.test: { inside: app }\n"
		"%s"
		"inside:\n"
		"  app: { type: component-listener, listen: \"%s.1:5347\", secret-file: app.secret "
		"}\n"
		"partners:\n",
		d->dns_port ? "127.0.0.1" : d->net, d->dns_port ? "" : ".53",
		d->dns_port ? d->dns_port : 5353, d->dns ? d->dns : "timeout: 2s",
		d->more_domains ? d->more_domains : "", d->net);
	write_with_net(f, d, partners);
	fclose(f);
}

void daemon_configure(struct daemon *d, const char *settings, const char *partners)
{
	write_config(d, settings, partners);
}

static void become(const struct daemon *d)
{
	const char *build = getenv("top_builddir"), *wrapper = getenv("HAZARD_WRAPPER");
	char program[400];
	int fd = open(d->log, O_WRONLY | O_CREAT | O_APPEND, 0600);

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* it does not outlive the test */
	snprintf(program, sizeof(program), "%s/fedgated", build ? build : ".");
	dup2(fd, 2);
	dup2(fd, 1);
	if (wrapper)
		execlp(wrapper, wrapper, program, "-c", d->config, (char *)NULL);
	else
		execl(program, program, "-c", d->config, (char *)NULL);
	_exit(127);
}

static void launch(struct daemon *d, const char *settings, const char *partners)
{
	daemon_file(d, "dialback.secret", DAEMON_SECRET "\n");
	daemon_file(d, "app.secret", "a component's secret\n");
	daemon_file(d, "log", "");
	d->log_seen = 0;
	write_config(d, settings, partners);
	fflush(stdout);
	d->pid = fork();
	if (!d->pid)
		become(d);
}

void daemon_start(struct daemon *d, const char *settings, const char *partners)
{
	launch(d, settings, partners);
	daemon_log(d, "ev=start ");
}

int daemon_refuses(struct daemon *d, const char *settings, const char *partners)
{
	launch(d, settings, partners);
	return daemon_wait(d);
}

int daemon_wait(struct daemon *d)
{
	int status;

	if (waitpid(d->pid, &status, 0) < 0)
		daemon_die("waitpid", strerror(errno));
	d->pid = 0;
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	if (status > 1)
		show_log(d, false);
	return status;
}

int daemon_stop(struct daemon *d)
{
	kill(d->pid, SIGTERM);
	return daemon_wait(d);
}

void daemon_fini(struct daemon *d)
{
	if (d->pid)
		daemon_stop(d);
	running = NULL;
	pki_fini(&d->pki);
}

static bool scan(struct daemon *d, const regex_t *re, char line[4200])
{
	FILE *f = fopen(d->log, "r");
	bool found = false;

	if (!f)
		return false;
	fseek(f, d->log_seen, SEEK_SET);
	while (!found && fgets(line, 4200, f)) {
		if (!strchr(line, '\n'))
			break; /* not yet written whole */
		d->log_seen = ftell(f);
		found = !regexec(re, line, 0, NULL, 0);
	}
	fclose(f);
	return found;
}

static void watch(struct daemon *d, int notify, uint64_t deadline, const char *regex)
{
	struct pollfd p = { .fd = notify, .events = POLLIN };
	uint64_t now = clock_monotonic_ms();
	char events[4096];
	int status;

	if (waitpid(d->pid, &status, WNOHANG) == d->pid) {
		d->pid = 0;
		daemon_die("fedgated ended, waiting for", regex);
	}
	if (now >= deadline)
		daemon_die("not logged", regex);
	if (poll(&p, 1, (int)(deadline - now < 500 ? deadline - now : 500)) > 0 &&
	    read(notify, events, sizeof(events)) < 0)
		daemon_die("inotify", strerror(errno));
}

const char *daemon_log(struct daemon *d, const char *regex)
{
	uint64_t deadline = clock_monotonic_ms() + WAIT_MS;
	static char line[4200];
	int notify = inotify_init1(IN_CLOEXEC);
	regex_t re;

	if (notify < 0 || inotify_add_watch(notify, d->log, IN_MODIFY) < 0 ||
	    regcomp(&re, regex, REG_EXTENDED | REG_NOSUB))
		daemon_die("cannot watch for", regex);
	while (!scan(d, &re, line))
		watch(d, notify, deadline, regex);
	regfree(&re);
	close(notify);
	return line;
}

bool daemon_logged(struct daemon *d, const char *regex)
{
	char line[4200];
	regex_t re;
	bool found;

	if (regcomp(&re, regex, REG_EXTENDED | REG_NOSUB))
		daemon_die("no regular expression", regex);
	found = scan(d, &re, line);
	regfree(&re);
	return found;
}

void daemon_log_skip(struct daemon *d)
{
	daemon_logged(d, "^nothing is like this$");
}

static long status_value(const struct daemon *d, const char *key)
{
	char path[64], line[200];
	long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", d->pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			value = atol(line + strlen(key));
	if (f)
		fclose(f);
	return value;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define INSTRUMENTED true
#else
#define INSTRUMENTED false
#endif

bool daemon_is_instrumented(void)
{
	return INSTRUMENTED || getenv("HAZARD_WRAPPER");
}

bool daemon_grew(const struct daemon *d, long since, long most)
{
	long more = daemon_memory(d) - since;

	printf("# %ld kB more\n", more);
	return more > most && !daemon_is_instrumented();
}

long daemon_memory(const struct daemon *d)
{
	return status_value(d, "VmRSS:");
}

int daemon_descriptors(const struct daemon *d)
{
	char path[64];
	int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", d->pid);
	dir = opendir(path);
	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count - 2;
}

long daemon_cpu_ms(const struct daemon *d)
{
	char path[64], text[1000] = "";
	unsigned long user = 0, system = 0;
	const char *at;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", d->pid);
	f = fopen(path, "r");
	if (!f || !fgets(text, sizeof(text), f))
		daemon_die("cannot read", path);
	fclose(f);
	at = strrchr(text, ')');
	if (!at || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
			  &system) != 2)
		daemon_die("cannot read", path);
	return (long)((user + system) * 1000 / (unsigned long)sysconf(_SC_CLK_TCK));
}

struct sockaddr_in daemon_address(const struct daemon *d, int last, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	char text[32];

	snprintf(text, sizeof(text), "%s.%d", d->net, last);
	inet_pton(AF_INET, text, &a.sin_addr);
	return a;
}
