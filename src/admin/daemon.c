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
#include "admin/command.h"
#include "admin/control.h"
#include "admin/secret.h"
#include "admin/supervisor.h"
#include "base/mem.h"
#include "gateway/gateway.h"
#include "net/sasl.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

#define GRACE_MS 10000 /* for what is under way, once the end is asked for */

struct daemon {
	const char *path; /* of the configuration */
	const char *notify;
	bool journal; /* standard error is the journal */
	enum log_level level;
	struct loop *loop;
	struct config *config; /* until the gateway has it */
	struct secret secret;
	struct secret *inside_secrets; /* of each entry */
	const char **inside_texts;
	size_t inside_count;
	bool sasl;
	struct gateway *gateway;
	struct answers answers;
	struct control *control;
	struct loop_signal *term, *interrupt, *hangup;
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

	if (diag->severity == SEVERITY_NOTE)
		log_begin(&l, LOG_LEVEL_INFO, "note");
	else
		log_begin(&l, LOG_LEVEL_WARNING, "warning");
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

static int load(struct daemon *d)
{
	struct diags diags;
	size_t i;
	int rc;

	diags_init(&diags);
	rc = command_load(d->path, &d->config, &diags);
	if (rc) {
		command_print_diags(&diags, stderr);
	} else {
		d->level = (enum log_level)d->config->gateway.log_level;
		for (i = 0; i < diags.count; i++)
			log_diag(d, &diags.items[i]);
	}
	diags_fini(&diags);
	return rc;
}

/* Whoever starts it by hand has no service manager to make it. */
static int make_state_dir(struct daemon *d)
{
	const char *path = d->config->gateway.state_dir;
	char error[SECRET_ERROR_SIZE];

	if (!mkdir(path, 0700) || errno == EEXIST)
		return 0;
	snprintf(error, sizeof(error), "state-dir %.150s: cannot be made: %s", path,
		 strerror(errno));
	return start_failed(d, error);
}

static int load_dialback_secret(struct daemon *d)
{
	const char *path = d->config->gateway.dialback_secret_file;
	char error[SECRET_ERROR_SIZE];
	struct log_line l;
	bool made;

	if (secret_ensure(path, &made, error) ||
	    secret_load(path, CONFIG_SECRET_MIN, &d->secret, error))
		return start_failed(d, error);
	if (!made)
		return 0;
	log_begin(&l, LOG_LEVEL_NOTICE, "secret-made");
	log_str(&l, "file", path);
	daemon_log(d, &l);
	return 0;
}

static int load_inside_secrets(struct daemon *d)
{
	char error[SECRET_ERROR_SIZE];
	size_t i;

	d->inside_count = d->config->inside_count;
	d->inside_secrets = mem_new((d->inside_count + 1) * sizeof(*d->inside_secrets));
	d->inside_texts = mem_new((d->inside_count + 1) * sizeof(*d->inside_texts));
	for (i = 0; i < d->inside_count; i++) {
		struct secret *secret = &d->inside_secrets[i];
		const char *path = d->config->inside[i].secret_file;
		if (secret_load(path, 1, secret, error))
			return start_failed(d, error);
		if (strlen(secret->data) != secret->len) {
			snprintf(error, sizeof(error), "%.180s: it has a byte 0", path);
			return start_failed(d, error);
		}
		d->inside_texts[i] = secret->data;
	}
	return 0;
}

static void forget_secrets(struct daemon *d)
{
	size_t i;

	secret_free(&d->secret);
	for (i = 0; d->inside_secrets && i < d->inside_count; i++)
		secret_free(&d->inside_secrets[i]);
	free(d->inside_secrets);
	free(d->inside_texts);
	d->inside_secrets = NULL;
	d->inside_texts = NULL;
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

static void on_hangup(void *context)
{
	log_text(context, LOG_LEVEL_NOTICE, "reload-ignored",
		 "SIGHUP: a changed configuration takes effect when fedgated is started again");
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

static int make_gateway(struct daemon *d)
{
	char error[GATEWAY_ERROR_SIZE] = "";
	struct gateway_options options = {
		.config = d->config,
		.secret = d->secret.data,
		.secret_len = d->secret.len,
		.inside_secrets = d->inside_texts,
		.log_fd = STDERR_FILENO,
		.journal = d->journal,
		.drained = on_drained,
		.context = d,
	};

	d->gateway = gateway_new(d->loop, &options, error);
	if (!d->gateway)
		return start_failed(d, error);
	d->config = NULL;
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

	answers_init(&d->answers, d->gateway, d->path, reply, d);
	d->control = control_new(d->loop, &options, error);
	return d->control ? 0 : start_failed(d, error);
}

static int prepare(struct daemon *d)
{
	char error[SASL_ERROR_SIZE];

	if (load(d) || make_state_dir(d) || load_dialback_secret(d) || load_inside_secrets(d))
		return -FAIL_CONFIG;
	if (net_sasl_init(error))
		return start_failed(d, error);
	d->sasl = true;
	d->loop = loop_new();
	if (!d->loop)
		return start_failed(d, "memory or descriptors ran out");
	if (make_gateway(d) || make_control(d))
		return -FAIL_CONFIG;
	d->term = loop_signal_new(d->loop, SIGTERM, on_term, d);
	d->interrupt = loop_signal_new(d->loop, SIGINT, on_interrupt, d);
	d->hangup = loop_signal_new(d->loop, SIGHUP, on_hangup, d);
	if (!d->term || !d->interrupt || !d->hangup)
		return start_failed(d, "memory or descriptors ran out");
	return 0;
}

static void say_started(const struct daemon *d)
{
	const struct config *c = gateway_config(d->gateway);
	char text[SUPERVISOR_TEXT_SIZE];
	struct log_line l;

	log_begin(&l, LOG_LEVEL_NOTICE, "start");
	log_str(&l, "version", PACKAGE_VERSION);
	log_int(&l, "workers", gateway_workers(d->gateway));
	log_int(&l, "domains", (long long)c->domain_count);
	log_int(&l, "partners", (long long)c->partner_count);
	log_str(&l, "config", d->path);
	log_str(&l, "control", c->gateway.control_socket);
	daemon_log(d, &l);
	snprintf(text, sizeof(text), "serving %zu domain%s, %zu partner%s configured",
		 c->domain_count, c->domain_count == 1 ? "" : "s", c->partner_count,
		 c->partner_count == 1 ? "" : "s");
	if (supervisor_ready(d->notify, text))
		log_text(d, LOG_LEVEL_WARNING, "notify-failed",
			 "the service manager does not listen");
}

/* Also what is made in part. */
static void tear_down(struct daemon *d)
{
	control_free(d->control);
	loop_signal_free(d->term);
	loop_signal_free(d->interrupt);
	loop_signal_free(d->hangup);
	if (d->gateway)
		gateway_free(d->gateway);
	loop_free(d->loop);
	if (d->sasl)
		net_sasl_fini();
	forget_secrets(d);
	config_free(d->config);
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
	int rc;

	memset(&d, 0, sizeof(d));
	d.path = config;
	d.level = LOG_LEVEL_INFO;
	rc = fill_standard_streams();
	d.notify = getenv("NOTIFY_SOCKET");
	d.journal = is_journal();
	set_process();
	if (!rc)
		rc = prepare(&d);
	forget_secrets(&d); /* the gateway has its own */
	if (!rc && gateway_start(d.gateway))
		give_up(&d);
	if (!rc) {
		say_started(&d);
		loop_run(d.loop);
	}
	tear_down(&d);
	if (!rc)
		log_text(&d, LOG_LEVEL_NOTICE, "stop", "all streams are closed");
	return rc ? COMMAND_FAILED : COMMAND_OK;
}
