/* The two fedgated: started, told things, ended, looked at. Prosody belongs to the script that runs this. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "soak.h"

static struct servers {
	pid_t pids[2];
	bool restarting[2], ending;
} servers;

static void start(int i)
{
	char program[400], config[400], log[400];
	int fd;

	snprintf(program, sizeof(program), "%s/fedgated", soak.programs);
	snprintf(config, sizeof(config), "%s/%c.yml", soak.folder, 'a' + i);
	snprintf(log, sizeof(log), "%s/%c.log", soak.folder, 'a' + i);
	fflush(stdout);
	servers.pids[i] = fork();
	if (servers.pids[i])
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	dup2(fd, 1);
	dup2(fd, 2);
	execl(program, program, "-c", config, (char *)NULL);
	_exit(127);
}

void servers_begin(void)
{
	start(0);
	start(1);
}

/* One that ends must have been told to, and end well. */
void servers_tick(void)
{
	int i, status;

	for (i = 0; i < 2; i++) {
		if (!servers.pids[i] ||
		    waitpid(servers.pids[i], &status, WNOHANG) != servers.pids[i])
			continue;
		if (!servers.restarting[i] || status) {
			printf("\n# fedgated %c ended with status %#x\n", 'A' + i,
			       (unsigned)status);
			servers.pids[i] = 0;
			die("a fedgated ended");
		}
		servers.restarting[i] = false;
		start(i);
	}
}

void servers_end(void)
{
	int i, status;

	for (i = 0; i < 2; i++)
		if (servers.pids[i])
			kill(servers.pids[i], SIGTERM);
	for (i = 0; i < 2; i++)
		if (servers.pids[i])
			waitpid(servers.pids[i], &status, 0);
}

void server_reload(int i)
{
	if (servers.pids[i] && !servers.restarting[i])
		kill(servers.pids[i], SIGHUP);
}

void server_restart(int i)
{
	if (servers.restarting[i] || servers.restarting[!i])
		return;
	servers.restarting[i] = true;
	kill(servers.pids[i], SIGTERM);
}

bool servers_run(void)
{
	return !servers.restarting[0] && !servers.restarting[1];
}

bool server_is_restarting(int i)
{
	return i < 2 && servers.restarting[i];
}

static long number_after(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? atol(at + strlen(key)) : -1;
}

static long sum_of(const char *text, const char *key)
{
	long sum = 0;

	while ((text = strstr(text, key))) {
		text += strlen(key);
		sum += atol(text);
	}
	return sum;
}

static void look_at_process(pid_t pid, struct server_figures *f)
{
	char path[64], line[200];
	DIR *d;
	FILE *s;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	s = fopen(path, "r");
	while (s && fgets(line, sizeof(line), s))
		if (!strncmp(line, "VmRSS:", 6))
			f->resident_kb = atol(line + 6);
	if (s)
		fclose(s);
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	d = opendir(path);
	while (d && readdir(d))
		f->descriptors++;
	if (d)
		closedir(d);
}

bool server_look(int i, struct server_figures *f)
{
	char command[900], text[32768];
	size_t n;
	FILE *p;

	memset(f, 0, sizeof(*f));
	snprintf(command, sizeof(command), "'%s/fedgatectl' -s '%s/%c.control' status --json 2>&1",
		 soak.programs, soak.folder, 'a' + i);
	p = popen(command, "r");
	if (!p)
		return false;
	n = fread(text, 1, sizeof(text) - 1, p);
	text[n] = '\0';
	if (pclose(p))
		return false;
	f->unaccounted = number_after(text, "\"unaccounted\":");
	f->queued = number_after(text, "\"stanzas\":") + sum_of(text, "\"held\":") +
		    sum_of(text, "\"waiting\":");
	look_at_process(servers.pids[i], f);
	return true;
}
