#include "admin/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/answers.h"
#include "admin/calendar.h"
#include "admin/command.h"
#include "admin/control.h"
#include "admin/material.h"
#include "admin/supervisor.h"
#include "base/clock.h"
#include "base/mem.h"
#include "gateway/gateway.h"
#include "net/sasl.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

#define DAY_MS UINT64_C(86400000)
#define GRACE_MS 10000 /* for what is under way, once the end is asked for */

struct daemon {
	const char *path; /* of the configuration */
	const char *notify;
	bool journal; /* standard error is the journal */
	enum log_level level;
	struct loop *loop;
	bool sasl;
	struct gateway *gateway;
	struct answers answers;
	struct control *control;
	struct loop_timer *daily;
	struct loop_signal *term, *interrupt, *hangup;
	uint64_t reload_client; /* who asked for the reload that is under way; 0 = a signal */
	bool reloading;
	bool ending;
};

/* ---- the log ---- */

static void daemon_log(const struct daemon *d, const struct log_line *l)
{
	if (l->level > d->level)
		return;
	if (d->journal)
		log_write_journal(l, STDERR_FILENO);
	else
		log_write(l, STDERR_FILENO);
}

static void log_text(const struct daemon *d, enum log_level level, const char *ev, const char *text)
{
	struct log_line l;

	log_begin(&l, level, ev);
	log_str(&l, "text", text);
	daemon_log(d, &l);
}

static int start_failed(const struct daemon *d, const char *why)
{
	log_text(d, LOG_LEVEL_ERROR, "start-failed", why);
	return -FAIL_CONFIG;
}

static void log_diag(const struct daemon *d, const struct diag *diag)
{
	struct log_line l;

	switch (diag->severity) {
	case SEVERITY_ERROR:
		log_begin(&l, LOG_LEVEL_ERROR, "error");
		break;
	case SEVERITY_WARNING:
		log_begin(&l, LOG_LEVEL_WARNING, "warning");
		break;
	case SEVERITY_NOTE:
		log_begin(&l, LOG_LEVEL_INFO, "note");
		break;
	}
	log_str(&l, "file", diag->file);
	log_int(&l, "line", diag->line);
	log_int(&l, "column", diag->column);
	if (diag->subject)
		log_str(&l, "partner", diag->subject);
	log_str(&l, "text", diag->text);
	daemon_log(d, &l);
}

/* Does standard error go to the journal? $JOURNAL_STREAM names it by device and inode. */
static bool is_journal(void)
{
	const char *text = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return text && sscanf(text, "%llu:%llu", &device, &inode) == 2 &&
	       !fstat(STDERR_FILENO, &st) && st.st_dev == device && st.st_ino == inode;
}

/* ---- the process ---- */

/* Nothing that is opened later may take the place of a standard stream. */
static int fill_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
	return fd < 0 ? -FAIL_IO : 0;
}

static void set_process(void)
{
	struct rlimit files;

	signal(SIGPIPE, SIG_IGN);
	umask(077);
	/* a descriptor for each connection; what select could not take is not used by it */
	if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &files) < 0)
			return; /* then it goes with what there is */
	}
}

/* ---- what is read ---- */

/* What there is to know of the configuration. */
static void log_diags(const struct daemon *d, const struct diags *diags)
{
	size_t i;

	for (i = 0; i < diags->count; i++)
		log_diag(d, &diags->items[i]);
}

static int read_material(struct daemon *d, struct material *m)
{
	struct log_line l;
	int rc = material_read(m, d->path);

	if (rc && *m->error)
		return start_failed(d, m->error);
	if (rc) {
		command_print_diags(&m->diags, stderr);
		return rc;
	}
	d->level = (enum log_level)m->config->gateway.log_level;
	log_diags(d, &m->diags);
	if (!*m->made)
		return 0;
	log_begin(&l, LOG_LEVEL_NOTICE, "secret-made");
	log_str(&l, "file", m->made);
	daemon_log(d, &l);
	return 0;
}

/* ---- signals ---- */

static void end(struct daemon *d, const char *name)
{
	struct log_line l;

	log_begin(&l, LOG_LEVEL_NOTICE, d->ending ? "drain-hurry" : "drain");
	log_str(&l, "signal", name);
	if (!d->ending)
		log_int(&l, "grace-ms", GRACE_MS);
	daemon_log(d, &l);
	if (!d->ending && supervisor_stopping(d->notify, "closing streams"))
		log_text(d, LOG_LEVEL_WARNING, "notify-failed",
			 "the service manager does not listen");
	d->ending = true;
	gateway_drain(d->gateway, GRACE_MS);
}

static void on_term(void *context)
{
	end(context, "SIGTERM");
}

static void on_interrupt(void *context)
{
	end(context, "SIGINT");
}

/* ---- a changed configuration ---- */

static void say_ready(const struct daemon *d);

static void reload_failed(struct daemon *d, uint64_t client, const struct diags *diags,
			  const char *why)
{
	if (diags)
		log_diags(d, diags);
	log_text(d, LOG_LEVEL_ERROR, "reload-failed", why);
	if (client)
		answers_reload_failed(&d->answers, client, diags, why);
	say_ready(d);
}

static void on_reloaded(void *context)
{
	struct daemon *d = context;
	const struct config *c = gateway_config(d->gateway);
	struct log_line l;

	d->reloading = false;
	log_begin(&l, LOG_LEVEL_NOTICE, "reload");
	log_int(&l, "domains", (long long)c->domain_count);
	log_int(&l, "partners", (long long)c->partner_count);
	log_str(&l, "config", d->path);
	daemon_log(d, &l);
	if (d->reload_client)
		answers_reloaded(&d->answers, d->reload_client);
	say_ready(d);
}

/* CLIENT 0: a signal asked for it. */
static void reload(struct daemon *d, uint64_t client)
{
	char error[GATEWAY_ERROR_SIZE] = "";
	struct gateway_options options = { .log_fd = STDERR_FILENO };
	struct material m;
	int rc;

	if (d->reloading) {
		reload_failed(d, client, NULL, "another reload is under way");
		return;
	}
	supervisor_reloading(d->notify);
	rc = material_read(&m, d->path);
	if (rc) {
		reload_failed(d, client, &m.diags,
			      *m.error ? m.error
				       : "the configuration has errors; all stays as it was");
		material_fini(&m);
		return;
	}
	material_give(&m, &options);
	d->reloading = true;
	d->reload_client = client;
	if (gateway_reload(d->gateway, &options, on_reloaded, d, error)) {
		d->reloading = false;
		reload_failed(d, client, NULL, error);
	} else {
		d->level = (enum log_level)m.config->gateway.log_level;
		log_diags(d, &m.diags);
		m.config = NULL; /* the gateway has it */
	}
	material_fini(&m);
}

static void on_hangup(void *context)
{
	reload(context, 0);
}

static void on_reload_request(void *context, uint64_t client)
{
	reload(context, client);
}

static void on_daily(void *context)
{
	struct daemon *d = context;

	calendar_log(d->gateway, clock_wall());
	loop_timer_set(d->daily, DAY_MS);
}

static void on_drained(void *context)
{
	const struct daemon *d = context;

	loop_stop(d->loop);
}

/* ---- life ---- */

static void reply(void *context, uint64_t client, const char *line, size_t len)
{
	const struct daemon *d = context;

	control_answer(d->control, client, line, len);
}

static void request(void *context, uint64_t client, const char *line, size_t len)
{
	struct daemon *d = context;

	answers_request(&d->answers, client, line, len);
}

static int make_gateway(struct daemon *d, struct material *m)
{
	char error[GATEWAY_ERROR_SIZE] = "";
	struct gateway_options options = {
		.log_fd = STDERR_FILENO,
		.journal = d->journal,
		.drained = on_drained,
		.context = d,
	};

	material_give(m, &options);
	d->gateway = gateway_new(d->loop, &options, error);
	if (!d->gateway)
		return start_failed(d, error);
	m->config = NULL; /* the gateway has it */
	return 0;
}

static int make_control(struct daemon *d)
{
	char error[CONTROL_ERROR_SIZE] = "";
	struct control_options options = {
		.path = gateway_config(d->gateway)->gateway.control_socket,
		.request = request,
		.context = d,
	};

	answers_init(&d->answers, d->gateway, d->path, reply, on_reload_request, d);
	d->control = control_new(d->loop, &options, error);
	return d->control ? 0 : start_failed(d, error);
}

static int prepare(struct daemon *d, struct material *m)
{
	char error[SASL_ERROR_SIZE];

	if (read_material(d, m))
		return -FAIL_CONFIG;
	if (net_sasl_init(error))
		return start_failed(d, error);
	d->sasl = true;
	d->loop = loop_new();
	if (!d->loop)
		return start_failed(d, "memory or descriptors ran out");
	if (make_gateway(d, m) || make_control(d))
		return -FAIL_CONFIG;
	d->term = loop_signal_new(d->loop, SIGTERM, on_term, d);
	d->interrupt = loop_signal_new(d->loop, SIGINT, on_interrupt, d);
	d->hangup = loop_signal_new(d->loop, SIGHUP, on_hangup, d);
	d->daily = loop_timer_new(d->loop, on_daily, d);
	if (!d->term || !d->interrupt || !d->hangup || !d->daily)
		return start_failed(d, "memory or descriptors ran out");
	return 0;
}

static void say_ready(const struct daemon *d)
{
	const struct config *c = gateway_config(d->gateway);
	char text[SUPERVISOR_TEXT_SIZE];

	snprintf(text, sizeof(text), "serving %zu domain%s, %zu partner%s configured",
		 c->domain_count, c->domain_count == 1 ? "" : "s", c->partner_count,
		 c->partner_count == 1 ? "" : "s");
	if (supervisor_ready(d->notify, text))
		log_text(d, LOG_LEVEL_WARNING, "notify-failed",
			 "the service manager does not listen");
}

static void say_started(const struct daemon *d)
{
	const struct config *c = gateway_config(d->gateway);
	struct log_line l;

	log_begin(&l, LOG_LEVEL_NOTICE, "start");
	log_str(&l, "version", PACKAGE_VERSION);
	log_int(&l, "workers", gateway_workers(d->gateway));
	log_int(&l, "domains", (long long)c->domain_count);
	log_int(&l, "partners", (long long)c->partner_count);
	log_str(&l, "config", d->path);
	log_str(&l, "control", c->gateway.control_socket);
	daemon_log(d, &l);
	say_ready(d);
}

/* Also what is made in part. */
static void tear_down(struct daemon *d)
{
	control_free(d->control);
	loop_timer_free(d->daily);
	loop_signal_free(d->term);
	loop_signal_free(d->interrupt);
	loop_signal_free(d->hangup);
	if (d->gateway)
		gateway_free(d->gateway);
	loop_free(d->loop);
	if (d->sasl)
		net_sasl_fini();
}

/* Some workers run and some do not: there is nothing that could be ended in order. */
static void give_up(struct daemon *d)
{
	start_failed(d, "no more threads are to be had");
	control_free(d->control);
	_exit(COMMAND_FAILED);
}

int daemon_run(const char *config)
{
	struct daemon d;
	struct material m;
	int rc;

	memset(&d, 0, sizeof(d));
	memset(&m, 0, sizeof(m));
	d.path = config;
	d.level = LOG_LEVEL_INFO;
	rc = fill_standard_streams();
	d.notify = getenv("NOTIFY_SOCKET");
	d.journal = is_journal();
	set_process();
	if (!rc)
		rc = prepare(&d, &m);
	material_fini(&m); /* the gateway has its own */
	if (!rc && gateway_start(d.gateway))
		give_up(&d);
	if (!rc) {
		say_started(&d);
		on_daily(&d);
		loop_run(d.loop);
	}
	tear_down(&d);
	if (!rc)
		log_text(&d, LOG_LEVEL_NOTICE, "stop", "all streams are closed");
	return rc ? COMMAND_FAILED : COMMAND_OK;
}
