/* What fedgated remembers of partners: keys that change, methods that get weaker, and what a restart or a broken file do to
 * the memory. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"
#include "peer.h"
#include "tap.h"

#define SASL_NS "urn:ietf:params:xml:ns:xmpp-sasl"
#define PARTNERS \
	"  seen.test: { tls: required, sasl: optional, dialback: true }\n" \
	"  pinned.test: { tls: required, sasl: optional, dialback: false, pin: enforce }\n" \
	"  off.test: { tls: required, sasl: optional, dialback: false, pin: \"off\" }\n" \
	"  loose.test: { tls: optional, sasl: optional, dialback: true, proxy-fqdn: " \
	"\"$NET.2:5269\" }\n" \
	"  tight.test: { tls: optional, sasl: optional, dialback: true, ratchet: true, " \
	"proxy-fqdn: \"$NET.3:5269\" }\n"

static struct daemon d;
static EVP_PKEY *other_key;

/* ---- the tool ---- */

/* What fedgatectl prints to both, and its exit status. */
static int ctl(const char *command, const char *rest, char *out, size_t size)
{
	const char *build = getenv("top_builddir");
	char line[600];
	size_t len;
	FILE *f;
	int status;

	snprintf(line, sizeof(line), "%s/fedgatectl %s -s %s %s 2>&1", build ? build : ".", command,
		 d.socket, rest);
	f = popen(line, "r");
	if (!f)
		daemon_die("popen", line);
	len = fread(out, 1, size - 1, f);
	out[len] = '\0';
	status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool says(const char *command, const char *rest, const char *text)
{
	static char out[20000];

	if (ctl(command, rest, out, sizeof(out)) == 0 && strstr(out, text))
		return true;
	printf("# fedgatectl %s %s:\n# %s\n", command, rest, out);
	return false;
}

/* The value of KEY in a line of the log. */
static const char *value(const char *line, const char *key)
{
	static char text[200];
	const char *hit = strstr(line, key);

	if (!hit)
		daemon_die("not in the line", key);
	hit += strlen(key);
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(hit, " \n"), hit);
	return text;
}

/* ---- streams ---- */

static void certify(const char *domain, EVP_PKEY *key, long days)
{
	pki_make(&d.pki, &(struct pki_wish){ .name = domain,
					     .usages = "serverAuth,clientAuth",
					     .from_days = days ? -1 : 0,
					     .to_days = days,
					     .key = key });
}

/* A stream by SASL, opened and closed. The main thread has heard of it before it answers the tool. */
static void come_by_sasl(const char *domain)
{
	struct peer p;

	peer_connect(&p, &d, 2, 5269);
	peer_external(&p, domain, "us.test");
	tap_ok(says("pin", domain, "last: SASL over TLS"), "%s comes by SASL", domain);
	peer_close(&p);
}

/* One that shows a certificate and is refused for it. */
static void be_refused(const char *domain)
{
	struct peer p;

	peer_connect(&p, &d, 2, 5269);
	peer_open(&p, domain, "us.test");
	peer_send(&p, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	peer_expect(&p, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	peer_tls(&p, false, domain);
	peer_send(&p, PEER_HEADER "from='%s' to='us.test' version='1.0'>", domain);
	peer_expect_end(&p, "<not-authorized ");
	peer_close(&p);
}

/* Asks for a pair by dialback, inside TLS; up to the key. */
static void ask_in_tls(struct peer *p, int last, const char *domain)
{
	peer_connect(p, &d, last, 5269);
	peer_open_tls(p, domain, "us.test", domain);
	peer_send(p, "<db:result from='%s' to='us.test'>key</db:result>", domain);
}

static void confirm(struct peer *p, int listener, const char *domain)
{
	struct peer out;

	peer_accept(&out, &d, listener);
	peer_answer_open(&out, domain, "v", PEER_STARTTLS_FEATURES);
	peer_expect(&out, "<starttls");
	peer_send(&out, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	peer_tls(&out, true, domain);
	peer_answer_open(&out, domain, "v2", PEER_DIALBACK_FEATURES);
	peer_expect(&out, "</db:verify>");
	peer_send(&out, "<db:verify from='%s' to='us.test' id='%s' type='valid'/>", domain, p->id);
	peer_expect(p, "type='valid'");
	peer_close(&out);
}

/* ---- keys ---- */

static void test_observed(void)
{
	const char *line;
	char old[80];

	come_by_sasl("seen.test");
	tap_ok(says("pin", "seen.test", "pin: observe"), "T19: the first key is remembered");
	certify("seen.test", other_key, 0);
	daemon_log_skip(&d);
	come_by_sasl("seen.test");
	line = daemon_log(&d, "ev=partner-key-changed .*remote=seen.test");
	snprintf(old, sizeof(old), "%s", value(line, " old-key="));
	tap_ok(strstr(line, "level=warning") && strstr(line, "pin=observe") &&
		       strstr(line, "old-issuer=\"CN=Test authority\"") &&
		       strstr(line, "new-expires=20") && strcmp(old, value(line, " new-key=")),
	       "T19: observe: another key of the same authority is told, old and new side by side");
	daemon_log_skip(&d);
	come_by_sasl("seen.test");
	tap_ok(!daemon_logged(&d, "ev=partner-key-changed"),
	       "T19: observe: the new key is expected from then on");
	certify("seen.test", other_key, 300);
	come_by_sasl("seen.test");
	line = daemon_log(&d, "ev=partner-certificate-renewed .*remote=seen.test");
	tap_ok(strstr(line, "level=info"), "T19: a renewal with the same key is no warning");
}

static void test_off(void)
{
	come_by_sasl("off.test");
	certify("off.test", other_key, 0);
	daemon_log_skip(&d);
	come_by_sasl("off.test");
	tap_ok(says("pin", "off.test", "key expected    none"), "T19: off: no key is expected");
	tap_ok(!daemon_logged(&d, "ev=partner-key-changed"), "T19: off: and nothing is told");
}

static void test_enforced(void)
{
	char wrong[100], right[200], out[4000];
	const char *line;

	come_by_sasl("pinned.test");
	certify("pinned.test", other_key, 0);
	daemon_log_skip(&d);
	be_refused("pinned.test");
	line = daemon_log(&d, "ev=partner-key-changed .*remote=pinned.test");
	snprintf(right, sizeof(right), "pinned.test --accept %s", value(line, " new-key="));
	snprintf(wrong, sizeof(wrong), "pinned.test --accept %.20s", value(line, " old-key="));
	tap_ok(strstr(line, "pin=enforce"), "T19: enforce: another key does not count as valid");
	tap_ok(says("certificates", "", "it does not count as valid"), "T19: the calendar says so");
	tap_ok(ctl("pin", wrong, out, sizeof(out)) == 1 && strstr(out, "no key that begins so"),
	       "T19: only the key that was seen last can be accepted");
	daemon_log_skip(&d);
	be_refused("pinned.test");
	tap_ok(!daemon_logged(&d, "ev=partner-key-changed"), "T19: it is told once");
}

static void test_refused_after_restart(void)
{
	be_refused("pinned.test");
	daemon_log(&d, "ev=stream-failed .*fail=certificate-pin");
	tap_ok(true, "T19: the pinned key outlives a restart");
}

static void test_accepted(void)
{
	tap_ok(says("pin", "pinned.test --accept", "expected from now on"),
	       "T19: the operator accepts the key");
	daemon_log(&d, "ev=pin-accepted .*remote=pinned.test");
	come_by_sasl("pinned.test");
	tap_ok(true, "T19: its certificate is valid at once");
	certify("pinned.test", NULL, 0);
	be_refused("pinned.test");
	tap_ok(true, "T19: the old key is not valid any more");
	tap_ok(says("pin", "pinned.test --forget", "nothing is remembered"),
	       "T19: the operator lets it be forgotten");
	come_by_sasl("pinned.test");
	tap_ok(true, "T19: the next key is taken as it comes");
}

/* ---- methods ---- */

static void test_downgrade_seen(void)
{
	int listener = peer_listen(&d, 2);
	struct peer p;

	come_by_sasl("loose.test");
	daemon_log_skip(&d);
	ask_in_tls(&p, 2, "loose.test");
	confirm(&p, listener, "loose.test");
	daemon_log(&d, "level=warning ev=downgrade dir=in remote=loose.test best=\"SASL over TLS\" "
		       "method=\"TLS dialback\" refused=no");
	tap_ok(true, "a partner that did SASL and comes by dialback is told, and let in");
	peer_close(&p);
	tap_ok(says("pin", "loose.test", "last: TLS dialback; downgrades: 1"), "it is counted");
	peer_dialback_in(&p, &d, 2, listener, "loose.test", "us.test");
	daemon_log(&d, "ev=downgrade .*remote=loose.test .*method=\"TCP dialback\" refused=no");
	tap_ok(true, "in clear it is told as well");
	peer_close(&p);
	close(listener);
}

static void test_ratchet(void)
{
	struct peer p;

	ask_in_tls(&p, 3, "tight.test");
	peer_expect(&p, "<policy-violation ");
	daemon_log(&d, "ev=downgrade dir=in remote=tight.test best=\"SASL over TLS\" "
		       "method=\"TLS dialback\" refused=yes");
	tap_ok(true, "ratchet: dialback after SASL is refused, and told");
	peer_close(&p);
	peer_connect(&p, &d, 3, 5269);
	peer_send(&p, PEER_HEADER "from='tight.test' to='us.test' version='1.0'>");
	peer_expect(&p, "<required/>");
	peer_send(&p, "<db:result from='tight.test' to='us.test'>key</db:result>");
	peer_expect(&p, "<policy-violation ");
	tap_ok(true, "ratchet: in clear TLS is demanded, and dialback refused");
	peer_close(&p);
	come_by_sasl("tight.test");
	tap_ok(true, "ratchet: SASL is let in");
}

/* fedgated dials, and is offered SASL. */
static void dialled_by_sasl(int listener)
{
	struct peer p;

	peer_accept(&p, &d, listener);
	peer_answer_open(&p, "tight.test", "o1", PEER_STARTTLS_FEATURES);
	peer_expect(&p, "<starttls");
	peer_send(&p, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	peer_tls(&p, true, "tight.test");
	peer_answer_open(&p, "tight.test", "o2",
			 "<stream:features><mechanisms xmlns='" SASL_NS
			 "'><mechanism>EXTERNAL</mechanism></mechanisms></stream:features>");
	peer_expect(&p, "<auth ");
	peer_expect(&p, "</auth>");
	peer_send(&p, "<success xmlns='" SASL_NS "'/>");
	peer_answer_open(&p, "tight.test", "o3", "<stream:features/>");
	peer_expect(&p, "</message>");
	peer_close(&p);
}

static void test_ratchet_out(void)
{
	int listener = peer_listen(&d, 3);
	struct peer component, p;

	peer_component(&component, &d);
	peer_send(&component, "<message from='us.test' to='tight.test'><body>1</body></message>");
	dialled_by_sasl(listener);
	daemon_log(&d, "ev=stream-close .*dir=out .*remote=tight.test");
	/* somebody took the offer of TLS away */
	peer_send(&component, "<message from='us.test' to='tight.test'><body>2</body></message>");
	peer_accept(&p, &d, listener);
	peer_answer_open(&p, "tight.test", "o4", PEER_DIALBACK_FEATURES);
	peer_expect_end(&p, "<policy-violation ");
	daemon_log(&d, "ev=downgrade dir=out remote=tight.test .*refused=yes");
	peer_expect(&component, "type='error'");
	tap_ok(true, "T02: ratchet: what we dial is not talked to in clear after SASL, the sender "
		     "is told");
	peer_close(&p);
	peer_close(&component);
	close(listener);
}

/* ---- the calendar ---- */

static void test_calendar(void)
{
	tap_ok(says("certificates", "", "us.test"), "our certificates are in the calendar");
	tap_ok(says("certificates", "", "  partner in    server, client  soon.test"),
	       "so are the partners'");
	tap_ok(says("certificates", "", "\n!     "), "what ends soon is marked");
	tap_ok(says("certificates", "--json", "\"warning\": true"), "in JSON too");
	daemon_log(&d, "ev=certificate-expires whose=partner remote=soon.test dir=in days=[45] ");
	tap_ok(true, "what ends soon is logged");
}

/* ---- a changed configuration ---- */

/* What was remembered while it was only observed counts at once. */
static void test_reload(void)
{
	static char out[20000];

	certify("us.test", other_key, 0);
	tap_ok(says("certificates", "", "its file holds another certificate than the one in use"),
	       "B18: the calendar says that a renewed certificate is not in use yet");
	daemon_configure(&d, "", PARTNERS "  soon.test: { pin: enforce }\n");
	tap_ok(says("reload", "", ""), "the configuration is changed");
	tap_ok(!ctl("certificates", "", out, sizeof(out)) && !strstr(out, "its file holds"),
	       "B18: after a reload it is");
	certify("soon.test", other_key, 0);
	be_refused("soon.test");
	daemon_log(&d, "ev=partner-key-changed .*remote=soon.test pin=enforce");
	tap_ok(true, "T19: pin: enforce holds from the reload on, for the key seen before");
}

/* ---- the file ---- */

static void test_corrupt(void)
{
	char pattern[200];
	glob_t found;

	daemon_stop(&d);
	daemon_file(&d, "partners.db",
		    "this is no database, whatever else it may be; it is long enough "
		    "to have had a header, were there one in it at all.");
	daemon_start(&d, "", PARTNERS);
	daemon_log_skip(&d);
	snprintf(pattern, sizeof(pattern), "%s/partners.db.20*", d.dir);
	tap_ok(!glob(pattern, 0, NULL, &found) && found.gl_pathc >= 1,
	       "a corrupt file is set aside under its date");
	globfree(&found);
	come_by_sasl("tight.test");
	tap_ok(says("pin", "tight.test", "best: SASL over TLS"),
	       "federation goes on and a new memory is begun");
}

static void test_no_place(void)
{
	char path[200];

	daemon_stop(&d);
	snprintf(path, sizeof(path), "%s/partners.db", d.dir);
	unlink(path);
	if (mkdir(path, 0700))
		daemon_die("mkdir", path);
	daemon_start(&d, "", PARTNERS);
	come_by_sasl("tight.test");
	tap_ok(says("pin", "tight.test", "best: SASL over TLS"),
	       "where the file cannot be opened federation goes on, and it remembers while it "
	       "runs");
	daemon_stop(&d);
	rmdir(path);
}

int main(void)
{
	daemon_init(&d);
	other_key = EVP_EC_gen("P-256");
	certify("seen.test", NULL, 0);
	certify("pinned.test", NULL, 0);
	certify("off.test", NULL, 0);
	certify("loose.test", NULL, 0);
	certify("tight.test", NULL, 0);
	certify("soon.test", NULL, 5);
	daemon_start(&d, "", PARTNERS "  soon.test: {}\n");
	test_observed();
	test_off();
	test_enforced();
	test_downgrade_seen();
	come_by_sasl("tight.test");
	come_by_sasl("soon.test");
	tap_ok(daemon_stop(&d) == 0, "it ends in order");
	daemon_start(&d, "", PARTNERS "  soon.test: {}\n");
	test_calendar();
	test_refused_after_restart();
	test_accepted();
	test_ratchet();
	test_ratchet_out();
	test_reload();
	test_corrupt();
	test_no_place();
	EVP_PKEY_free(other_key);
	daemon_fini(&d);
	return tap_done();
}
