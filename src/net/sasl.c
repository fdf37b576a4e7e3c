#include "net/sasl.h"

#include <pthread.h>
#include <sasl/sasl.h>
#include <sasl/saslplug.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xmpp/jid.h"

#define SERVICE "xmpp"
#define MECHANISM "EXTERNAL"
#define PLUGIN "fedgate"       /* the one property plug-in, our own */
#define NOWHERE "/nonexistent" /* where plug-ins are looked for */

struct net_sasl {
	sasl_conn_t *conn;
	bool server;
	bool wants_more;		/* a server that has asked for the response */
	char identity[JID_DOMAIN_SIZE]; /* server: the peer's authzid; client: ours, "" = none */
	char external[JID_DOMAIN_SIZE]; /* whom TLS proved */
	sasl_callback_t callbacks[3];
};

/* The library has one type for callbacks of every kind. */
typedef int (*any_fn)(void);
#define CALLBACK(id, fn, context) \
	{ \
		id, (any_fn)(void (*)(void))(fn), context \
	}

/* ---- of the whole process ---- */

int gethostname(char *name, size_t size);
/*
 * For each client the library looks up the host's name with whatever means the system has, blocking: unless that name has a
 * dot, as this one, which stands before the C library's in this process. EXTERNAL makes no use of it.
 */
int gethostname(char *name, size_t size)
{
	return (size_t)snprintf(name, size, "localhost.invalid") < size ? 0 : -1;
}

static int answer(const char **result, unsigned *len, const char *text)
{
	*result = text;
	if (len)
		*len = (unsigned)strlen(text);
	return SASL_OK;
}

static int on_option(void *context, const char *plugin, const char *option, const char **result,
		     unsigned *len)
{
	(void)context;
	(void)plugin;
	if (!strcmp(option, "mech_list") || !strcmp(option, "client_mech_list"))
		return answer(result, len, MECHANISM);
	if (!strcmp(option, "auxprop_plugin"))
		return answer(result, len, PLUGIN);
	return SASL_FAIL;
}

static int on_plugin_path(void *context, const char **path)
{
	(void)context;
	*path = NOWHERE;
	return SASL_OK;
}

/* There is none, which is no failure. */
static int on_config_path(void *context, char **path)
{
	(void)context;
	(void)path;
	return SASL_CONTINUE;
}

/* The result of a step says enough, and a line of the library's may hold the peer's words. */
static int on_log(void *context, int level, const char *text)
{
	(void)context;
	(void)level;
	(void)text;
	return SASL_OK;
}

static const sasl_callback_t process_callbacks[] = {
	CALLBACK(SASL_CB_GETOPT, on_option, NULL),
	CALLBACK(SASL_CB_GETPATH, on_plugin_path, NULL),
	CALLBACK(SASL_CB_GETCONFPATH, on_config_path, NULL),
	CALLBACK(SASL_CB_LOG, on_log, NULL),
	CALLBACK(SASL_CB_LIST_END, NULL, NULL),
};

/* Without a plug-in that knows every name the library refuses each identity that is asked for. */
static int find_properties(void *context, sasl_server_params_t *params, unsigned flags,
			   const char *user, unsigned len)
{
	(void)context;
	(void)params;
	(void)flags;
	(void)user;
	(void)len;
	return SASL_OK;
}

static int plugin_init(const sasl_utils_t *utils, int max_version, int *version,
		       sasl_auxprop_plug_t **plugin, const char *name)
{
	static char own_name[] = PLUGIN;
	static sasl_auxprop_plug_t own = { .auxprop_lookup = find_properties, .name = own_name };

	(void)utils;
	(void)name;
	if (max_version < SASL_AUXPROP_PLUG_VERSION)
		return SASL_BADVERS;
	*version = SASL_AUXPROP_PLUG_VERSION;
	*plugin = &own;
	return SASL_OK;
}

static void *mutex_new(void)
{
	pthread_mutex_t *m = malloc(sizeof(*m));

	if (m && pthread_mutex_init(m, NULL)) {
		free(m);
		m = NULL;
	}
	return m;
}

static int mutex_lock(void *m)
{
	return pthread_mutex_lock(m) ? -1 : 0;
}

static int mutex_unlock(void *m)
{
	return pthread_mutex_unlock(m) ? -1 : 0;
}

static void mutex_free(void *m)
{
	if (!m)
		return;
	pthread_mutex_destroy(m);
	free(m);
}

int net_sasl_init(char error[SASL_ERROR_SIZE])
{
	const char *what = "server";
	int rc;

	sasl_set_mutex(mutex_new, mutex_lock, mutex_unlock, mutex_free);
	rc = sasl_server_init(process_callbacks, "fedgate");
	if (rc == SASL_OK) {
		what = "client";
		rc = sasl_client_init(process_callbacks);
	}
	if (rc == SASL_OK) {
		what = "plug-in";
		rc = sasl_auxprop_add_plugin(PLUGIN, plugin_init);
	}
	if (rc == SASL_OK)
		return 0;
	snprintf(error, SASL_ERROR_SIZE, "SASL, %s: %s", what, sasl_errstring(rc, NULL, NULL));
	net_sasl_fini();
	return -FAIL_SASL_LOCAL;
}

void net_sasl_fini(void)
{
	sasl_client_done();
	sasl_server_done();
}

/* ---- one exchange ---- */

/* Asked once for who the peer is and once for who it wants to be; both are domains. [RFC6120 4.3.6] */
static int on_canonical(sasl_conn_t *conn, void *context, const char *in, unsigned len,
			unsigned flags, const char *realm, char *out, unsigned max,
			unsigned *out_len)
{
	struct net_sasl *s = context;
	char domain[JID_DOMAIN_SIZE];
	size_t size;

	(void)conn;
	(void)realm;
	if (jid_domain(in, len ? len : strlen(in), domain))
		return SASL_NOAUTHZ;
	size = strlen(domain);
	if (size >= max)
		return SASL_BUFOVER;
	memcpy(out, domain, size + 1);
	*out_len = (unsigned)size;
	if (flags & SASL_CU_AUTHZID && !(flags & SASL_CU_AUTHID))
		memcpy(s->identity, domain, size + 1);
	return SASL_OK;
}

/* Whether it may be who it wants to be, the negotiation judges. */
static int on_authorize(sasl_conn_t *conn, void *context, const char *wanted, unsigned wanted_len,
			const char *proved, unsigned proved_len, const char *realm,
			unsigned realm_len, struct propctx *properties)
{
	(void)conn;
	(void)context;
	(void)wanted;
	(void)wanted_len;
	(void)proved;
	(void)proved_len;
	(void)realm;
	(void)realm_len;
	(void)properties;
	return SASL_OK;
}

static int on_name(void *context, int id, const char **result, unsigned *len)
{
	struct net_sasl *s = context;

	return answer(result, len, id == SASL_CB_USER ? s->identity : s->external);
}

static struct net_sasl *exchange_new(const char *external)
{
	struct net_sasl *s;

	if (!*external || strlen(external) >= JID_DOMAIN_SIZE)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (s)
		strcpy(s->external, external);
	return s;
}

/* Gives S back, or frees it where the library has refused it. */
static struct net_sasl *exchange_prepare(struct net_sasl *s, int rc)
{
	const sasl_security_properties_t demands = {
		.security_flags = SASL_SEC_NOANONYMOUS | SASL_SEC_NOPLAINTEXT,
	};
	const sasl_ssf_t strength = 256; /* of TLS, which is there */

	if (rc != SASL_OK || sasl_setprop(s->conn, SASL_SEC_PROPS, &demands) != SASL_OK ||
	    sasl_setprop(s->conn, SASL_SSF_EXTERNAL, &strength) != SASL_OK ||
	    sasl_setprop(s->conn, SASL_AUTH_EXTERNAL, s->external) != SASL_OK) {
		net_sasl_free(s);
		return NULL;
	}
	return s;
}

struct net_sasl *net_sasl_server(const char *local, const char *external)
{
	struct net_sasl *s = exchange_new(external);
	int rc;

	if (!s)
		return NULL;
	s->server = true;
	s->callbacks[0] = (sasl_callback_t)CALLBACK(SASL_CB_PROXY_POLICY, on_authorize, s);
	s->callbacks[1] = (sasl_callback_t)CALLBACK(SASL_CB_CANON_USER, on_canonical, s);
	s->callbacks[2] = (sasl_callback_t)CALLBACK(SASL_CB_LIST_END, NULL, NULL);
	rc = sasl_server_new(SERVICE, local, NULL, NULL, NULL, s->callbacks, SASL_SUCCESS_DATA,
			     &s->conn);
	return exchange_prepare(s, rc);
}

struct net_sasl *net_sasl_client(const char *remote, const char *authzid)
{
	/* the library wants to hear that TLS knows us; as whom, it does not use */
	struct net_sasl *s = exchange_new(*authzid ? authzid : remote);
	int rc;

	if (!s)
		return NULL;
	if (*authzid)
		strcpy(s->identity, s->external);
	s->callbacks[0] = (sasl_callback_t)CALLBACK(SASL_CB_USER, on_name, s);
	s->callbacks[1] = (sasl_callback_t)CALLBACK(SASL_CB_AUTHNAME, on_name, s);
	s->callbacks[2] = (sasl_callback_t)CALLBACK(SASL_CB_LIST_END, NULL, NULL);
	rc = sasl_client_new(SERVICE, remote, NULL, NULL, s->callbacks, 0, &s->conn);
	return exchange_prepare(s, rc);
}

void net_sasl_free(struct net_sasl *s)
{
	if (!s)
		return;
	if (s->conn)
		sasl_dispose(&s->conn);
	free(s);
}

/* The library takes an identity up to its first NUL: one that has any is none. */
static bool is_acceptable(const void *data, size_t len)
{
	return !data || (len <= JID_PART_MAX && !memchr(data, '\0', len));
}

static int server_step(struct net_sasl *s, bool first, const void *data, size_t len,
		       const char **out, unsigned *out_len)
{
	if (!is_acceptable(data, len))
		return SASL_BADPROT;
	if (first)
		return sasl_server_start(s->conn, MECHANISM, data, (unsigned)len, out, out_len);
	if (!s->wants_more)
		return SASL_BADPROT;
	return sasl_server_step(s->conn, data ? data : "", (unsigned)len, out, out_len);
}

static int client_step(struct net_sasl *s, bool first, const void *data, size_t len,
		       const char **out, unsigned *out_len)
{
	const char *mechanism;

	if (!first) {
		/* all was said; a peer that overlooked it and asks hears it again */
		*out = s->identity;
		*out_len = (unsigned)strlen(s->identity);
		return data && len ? SASL_BADPROT : SASL_OK;
	}
	return sasl_client_start(s->conn, MECHANISM, NULL, out, out_len, &mechanism);
}

enum net_sasl_result net_sasl_step(struct net_sasl *s, bool first, const void *data, size_t len,
				   const void **out, size_t *out_len)
{
	const char *text = NULL;
	unsigned text_len = 0;
	int rc;

	*out = NULL;
	*out_len = 0;
	if (s->server)
		rc = server_step(s, first, data, len, &text, &text_len);
	else
		rc = client_step(s, first, data, len, &text, &text_len);
	s->wants_more = rc == SASL_CONTINUE;
	if (rc != SASL_OK && rc != SASL_CONTINUE)
		return NET_SASL_FAILED;
	*out = text;
	*out_len = text_len;
	return rc == SASL_OK ? NET_SASL_DONE : NET_SASL_MORE;
}

const char *net_sasl_identity(const struct net_sasl *s)
{
	return s->identity;
}
