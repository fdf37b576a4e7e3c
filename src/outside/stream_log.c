/* What is said of a stream: log lines, its attempt, its state. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "policy/choose.h"
#include "stream_int.h"
#include "trust/cert_name.h"
#include "trust/reason.h"

const char *stream_remote(const struct stream *s)
{
	return s->pair_remote ? s->pair_remote : negotiation_remote(wire_negotiation(s->wire));
}

const struct partner *stream_partner(const struct stream *s)
{
	const char *remote = stream_remote(s);

	return *remote ? policy_partner(s->snapshot->policy, remote, NULL, NULL) : NULL;
}

enum fail stream_certificate(const struct stream *s)
{
	const struct negotiation *n = wire_negotiation(s->wire);

	if (!s->connection || !negotiation_in_tls(n))
		return FAIL_NONE;
	return negotiation_judge(n, connection_certificate(s->connection, s->wants), stream_dane(s),
				 stream_remote(s));
}

static void certificate_reason(const struct stream *s, enum fail fail, char out[REASON_SIZE])
{
	reason_of(connection_certificate(s->connection, s->wants), stream_remote(s), fail, out);
}

bool stream_lacks_client_usage(const struct stream *s)
{
	return s->connection && negotiation_external_refused(wire_negotiation(s->wire)) &&
	       connection_shows_server_only(s->connection);
}

/* Nobody fills the log who has not said who he is. */
static bool may_log(const struct stream *s, enum log_level level)
{
	if (!s->o->hooks->logs(s->o->context, level))
		return false;
	return s->role == ROLE_INITIATING || s->opened_at || level == LOG_LEVEL_DEBUG ||
	       s->o->hooks->logs_stranger(s->o->context, &s->peer);
}

const char *stream_dane_str(const struct stream *s)
{
	const struct dane_facts *dane = stream_dane(s);

	if (!dane)
		return "";
	return dane->fail ? fail_str(dane->fail) : dane_match_str(dane->result.match);
}

/* What every line about the stream begins with. */
static bool begin(const struct stream *s, struct log_line *l, enum log_level level, const char *ev)
{
	const struct negotiation *n = wire_negotiation(s->wire);
	char text[NET_ADDRESS_TEXT], id[20];

	if (!may_log(s, level))
		return false;
	snprintf(id, sizeof(id), "%llx", (unsigned long long)s->id);
	log_begin(l, level, ev);
	log_str(l, "id", id);
	log_str(l, "dir", s->role == ROLE_RECEIVING ? "in" : "out");
	if (s->verify_only)
		log_str(l, "for", "verify");
	log_str(l, "local", negotiation_local(n));
	log_str(l, "remote", stream_remote(s));
	log_str(l, "addr", net_address_str(&s->peer, text));
	return true;
}

static void say(const struct stream *s, const struct log_line *l)
{
	s->o->hooks->log(s->o->context, l);
}

static void add_state(const struct stream *s, struct log_line *l)
{
	const struct partner *partner = stream_partner(s);
	enum fail certificate = stream_certificate(s);
	char reason[REASON_SIZE];

	if (partner)
		log_int(l, "row", partner->row->number);
	if (s->tls_demanded && partner && !row_needs_tls(partner->row))
		log_str(l, "tls-demanded", "direct-tls-failed");
	if (!s->connection || !*connection_tls_version(s->connection))
		return;
	log_str(l, "tls", connection_tls_version(s->connection));
	log_str(l, "cipher", connection_cipher(s->connection));
	if (s->direct_tls)
		log_str(l, "direct-tls", "true");
	log_str(l, "certificate", certificate ? fail_str(certificate) : "valid");
	if (*stream_dane_str(s))
		log_str(l, "dane", stream_dane_str(s));
	if (!certificate)
		return;
	if (*s->dane_detail)
		log_str(l, "dane-detail", s->dane_detail);
	certificate_reason(s, certificate, reason);
	log_str(l, "certificate-error", reason);
}

/* Else it would look as if the partner had no reason. */
static void log_refusal(const struct stream *s)
{
	bool lacks = stream_lacks_client_usage(s);
	struct log_line l;

	if (!negotiation_external_refused(wire_negotiation(s->wire)) ||
	    !begin(s, &l, LOG_LEVEL_WARNING, "sasl-refused"))
		return;
	log_str(&l, "our-certificate", lacks ? "servers-only" : "servers-and-clients");
	log_str(&l, "text",
		lacks ? "The peer refused our certificate for SASL EXTERNAL. It may identify "
			"servers only, and some servers want the usage clientAuth of whoever "
			"connects: set outbound-certificate for the partner, or ask it to accept "
			"serverAuth."
		      : "The peer refused our certificate for SASL EXTERNAL: it may not trust its "
			"authority, or not find the domain in it.");
	say(s, &l);
}

void stream_log_open(struct stream *s)
{
	struct log_line l;

	log_refusal(s);
	if (!begin(s, &l, LOG_LEVEL_INFO, "stream-open"))
		return;
	log_str(&l, "method", method_str(negotiation_method(wire_negotiation(s->wire))));
	add_state(s, &l);
	log_int(&l, "ms", (long long)(s->opened_at - s->begun));
	say(s, &l);
}

/* It was there for dialback keys, and did what it was there for. */
static bool was_for_keys(const struct stream *s)
{
	if (s->verify_only)
		return s->opened_at != 0;
	return !s->opened_at && negotiation_keys_answered(wire_negotiation(s->wire));
}

static enum log_level close_level(const struct stream *s)
{
	enum log_level level = fail_info(s->fail)->level;

	if (was_for_keys(s))
		return LOG_LEVEL_DEBUG;
	/* a stream that was open has done its work: how it ended is worth knowing, no more */
	return s->opened_at && level < LOG_LEVEL_NOTICE ? LOG_LEVEL_NOTICE : level;
}

void stream_log_close(struct stream *s)
{
	const struct negotiation *n = wire_negotiation(s->wire);
	bool closed = s->opened_at || was_for_keys(s);
	struct log_line l;

	if (!s->opened_at)
		log_refusal(s);
	if (!begin(s, &l, close_level(s), closed ? "stream-close" : "stream-failed"))
		return;
	log_str(&l, "fail", fail_str(s->fail));
	if (!s->opened_at)
		add_state(s, &l);
	if (*negotiation_peer_error(n))
		log_str(&l, "peer-error", negotiation_peer_error(n));
	if (*s->detail)
		log_str(&l, "detail", s->detail);
	log_int(&l, "stanzas", (long long)s->stanzas);
	log_int(&l, "ms", (long long)(loop_now(s->o->loop) - s->begun));
	log_str(&l, "text", fail_info(s->fail)->text);
	say(s, &l);
}

void stream_log_note(struct stream *s, const struct negotiation_note *note)
{
	struct log_line l;

	if (!begin(s, &l, LOG_LEVEL_DEBUG, "state"))
		return;
	log_str(&l, "from", negotiation_state_str(note->from));
	log_str(&l, "to", negotiation_state_str(note->to));
	say(s, &l);
}

/* A peer can make as many as it likes: a few of each stream are told. */
void stream_log_drop(struct stream *s, enum fail fail)
{
	struct log_line l;

	if (s->drops++ >= STREAM_DROPS_LOGGED || !begin(s, &l, fail_info(fail)->level, "dropped"))
		return;
	log_str(&l, "fail", fail_str(fail));
	log_str(&l, "text", fail_info(fail)->text);
	say(s, &l);
}

void stream_log_pair(struct stream *s, const struct negotiation_action *a)
{
	bool up = a->type == ACTION_PAIR_UP;
	struct log_line l;

	if (!up && s->drops++ >= STREAM_DROPS_LOGGED)
		return;
	if (!begin(s, &l, up ? LOG_LEVEL_DEBUG : fail_info(a->fail)->level,
		   up ? "pair-up" : "pair-refused"))
		return;
	log_str(&l, "pair-local", a->local);
	log_str(&l, "pair-remote", a->remote);
	if (up)
		log_str(&l, "method", method_str(a->method));
	else
		log_str(&l, "fail", fail_str(a->fail));
	say(s, &l);
}

/* Once when it opens, or when it ends before. */
void stream_tell_attempt(struct stream *s)
{
	const struct negotiation *n = wire_negotiation(s->wire);
	const struct partner *partner = stream_partner(s);
	struct attempt a = {
		.role = s->role,
		.at = clock_wall(),
		.took_ms = loop_now(s->o->loop) - s->begun,
		.row = partner ? partner->row->number : 0,
		.fail = s->over ? s->fail : FAIL_NONE,
		.method = negotiation_method(n),
		.certificate = stream_certificate(s),
		.external_refused = negotiation_external_refused(n),
		.lacks_client_usage = stream_lacks_client_usage(s),
	};

	if (s->verify_only || was_for_keys(s) || !*stream_remote(s) || (s->over && s->opened_at))
		return;
	strcpy(a.local, negotiation_local(n));
	strcpy(a.remote, stream_remote(s));
	net_address_str(&s->peer, a.address);
	if (a.certificate)
		certificate_reason(s, a.certificate, a.certificate_error);
	if (s->connection) {
		snprintf(a.tls_version, sizeof(a.tls_version), "%s",
			 connection_tls_version(s->connection));
		snprintf(a.cipher, sizeof(a.cipher), "%s", connection_cipher(s->connection));
	}
	snprintf(a.dane, sizeof(a.dane), "%s", stream_dane_str(s));
	snprintf(a.peer_error, sizeof(a.peer_error), "%s", negotiation_peer_error(n));
	snprintf(a.detail, sizeof(a.detail), "%s",
		 *s->detail	 ? s->detail
		 : a.certificate ? s->dane_detail
				 : "");
	s->o->hooks->attempt(s->o->context, &a);
}

/* Of a pair besides the first one the certificate may be another domain's. */
static bool is_its_own(const struct stream *s, const char *remote, const struct cert_facts *facts)
{
	return !strcmp(remote, stream_remote(s)) || cert_name_matches(facts, remote);
}

void stream_teach(struct stream *s, const char *remote, enum method method, enum fail fail)
{
	const struct cert_facts *facts = NULL;
	struct lesson lesson;

	if (s->connection && negotiation_in_tls(wire_negotiation(s->wire)))
		facts = connection_certificate(s->connection, s->wants);
	memset(&lesson, 0, sizeof(lesson));
	strcpy(lesson.remote, remote);
	lesson.role = s->role;
	lesson.at = clock_wall();
	lesson.method = method;
	lesson.fail = fail;
	if (facts && facts->leaf && is_its_own(s, remote, facts)) {
		lesson.certificate = true;
		lesson.leaf = *facts->leaf;
		cert_names_str(facts, lesson.names);
	}
	s->o->hooks->learnt(s->o->context, &lesson);
}

void stream_teach_end(struct stream *s)
{
	bool tls = negotiation_in_tls(wire_negotiation(s->wire));

	if (*stream_remote(s) && (s->fail == FAIL_CERT_PIN || s->fail == FAIL_DOWNGRADE_REFUSED))
		stream_teach(s, stream_remote(s),
			     s->fail == FAIL_CERT_PIN ? METHOD_SASL_TLS
						      : choose_dialback_method(tls),
			     s->fail);
}

void stream_info(const struct stream *s, struct stream_info *out)
{
	const struct negotiation *n = wire_negotiation(s->wire);
	const struct partner *partner = stream_partner(s);
	const struct connection *c = s->connection;

	*out = (struct stream_info){
		.id = s->id,
		.role = s->role,
		.state = negotiation_state(n),
		.verify_only = s->verify_only,
		.direct_tls = s->direct_tls,
		.local = negotiation_local(n),
		.remote = stream_remote(s),
		.peer = &s->peer,
		.row = partner ? partner->row : NULL,
		.method = negotiation_method(n),
		.tls_version = c ? connection_tls_version(c) : "",
		.cipher = c ? connection_cipher(c) : "",
		.age_ms = loop_now(s->o->loop) - s->begun,
		.negotiation_ms = s->opened_at ? s->opened_at - s->begun : 0,
		.stanzas = s->stanzas,
		.waiting = c ? connection_waiting(c) : 0,
		.authorised = negotiation_is_authorised(n),
	};
}
