#include "dns_answer_int.h"

#include <arpa/nameser.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>

#define SRV_FIXED 6  /* priority, weight, port */
#define TLSA_FIXED 3 /* usage, selector, matching type */

/* One answer being read. */
struct reader {
	ns_msg message;
	int next; /* of the answer section */
	int type;
	size_t of_type; /* records of the type, usable or not */
	uint32_t ttl;	/* the shortest so far */
};

static int reader_init(struct reader *r, const void *packet, size_t len, int type)
{
	int code;

	*r = (struct reader){ .type = type, .ttl = UINT32_MAX };
	if (!packet || len > NS_MAXMSG || ns_initparse(packet, (int)len, &r->message))
		return -FAIL_DNS_FAILED;
	if (!ns_msg_getflag(r->message, ns_f_qr) || ns_msg_getflag(r->message, ns_f_tc))
		return -FAIL_DNS_FAILED;
	code = ns_msg_getflag(r->message, ns_f_rcode);
	if (code == ns_r_nxdomain) /* whatever else it says */
		r->next = ns_msg_count(r->message, ns_s_an);
	return code == ns_r_noerror || code == ns_r_nxdomain ? 0 : -FAIL_DNS_FAILED;
}

/* The next record of the type; false at the end. */
static bool read_record(struct reader *r, ns_rr *record)
{
	while (r->next < ns_msg_count(r->message, ns_s_an)) {
		if (ns_parserr(&r->message, ns_s_an, r->next++, record))
			return false; /* nor can what is behind it be read */
		if (ns_rr_type(*record) != (ns_type)r->type || ns_rr_class(*record) != ns_c_in)
			continue;
		r->of_type++;
		if (ns_rr_ttl(*record) > INT32_MAX) /* [RFC2181 8] */
			r->ttl = 0;
		else if (ns_rr_ttl(*record) < r->ttl)
			r->ttl = ns_rr_ttl(*record);
		return true;
	}
	return false;
}

/* How long it holds that there is none: what the zone says of that, and not for long. [RFC2308 5] */
static uint32_t negative_ttl(struct reader *r)
{
	uint32_t ttl = 0;
	ns_rr record;
	int i;

	for (i = 0; i < ns_msg_count(r->message, ns_s_ns); i++) {
		if (ns_parserr(&r->message, ns_s_ns, i, &record))
			break;
		if (ns_rr_type(record) != ns_t_soa || ns_rr_rdlen(record) < 4)
			continue;
		ttl = ns_get32(ns_rr_rdata(record) + ns_rr_rdlen(record) - 4);
		if (ns_rr_ttl(record) < ttl)
			ttl = ns_rr_ttl(record);
	}
	return ttl < DNS_NEGATIVE_TTL_MAX ? ttl : DNS_NEGATIVE_TTL_MAX;
}

static int conclude(struct reader *r, size_t usable, struct dns_answer_note *note)
{
	note->ignored = (unsigned)(r->of_type - usable);
	if (usable) {
		note->ttl = r->ttl;
		return 0;
	}
	if (r->of_type)
		return -FAIL_DNS_FAILED;
	note->ttl = negative_ttl(r);
	return -FAIL_DNS_NOT_FOUND;
}

/* False where it is malformed or leads nowhere. */
static bool read_srv(const struct reader *r, const ns_rr *record, struct srv *out)
{
	const unsigned char *data = ns_rr_rdata(*record);
	char name[NS_MAXDNAME];
	int size;

	if (ns_rr_rdlen(*record) <= SRV_FIXED)
		return false;
	size = ns_name_uncompress(ns_msg_base(r->message), ns_msg_end(r->message), data + SRV_FIXED,
				  name, sizeof(name));
	if (size != ns_rr_rdlen(*record) - SRV_FIXED)
		return false;
	memset(out, 0, sizeof(*out));
	out->priority = (uint16_t)ns_get16(data);
	out->weight = (uint16_t)ns_get16(data + 2);
	out->port = (uint16_t)ns_get16(data + 4);
	if (!strcmp(name, ".")) /* not offered; the rest of it says nothing [RFC2782] */
		return true;
	return out->port && !jid_domain(name, strlen(name), out->target);
}

int dns_answer_srv(const void *packet, size_t len, struct srv **records, size_t *count,
		   struct dns_answer_note *note)
{
	struct reader r;
	struct srv *all;
	size_t n = 0;
	ns_rr record;
	int rc;

	*note = (struct dns_answer_note){ 0 };
	rc = reader_init(&r, packet, len, ns_t_srv);
	if (rc)
		return rc;
	/* each record of a count is there: it was walked over */
	all = malloc((ns_msg_count(r.message, ns_s_an) + 1U) * sizeof(*all));
	if (!all)
		return -FAIL_NO_MEMORY;
	while (read_record(&r, &record))
		n += read_srv(&r, &record, &all[n]);
	rc = conclude(&r, n, note);
	if (rc) {
		free(all);
		return rc;
	}
	*records = all;
	*count = n;
	return 0;
}

/* False where it is malformed. [RFC6698 2.1] */
static bool read_tlsa(const ns_rr *record, struct tlsa *out)
{
	const unsigned char *data = ns_rr_rdata(*record);
	size_t len = ns_rr_rdlen(*record);

	if (len <= TLSA_FIXED)
		return false;
	*out = (struct tlsa){ .usage = data[0], .selector = data[1], .matching = data[2] };
	data += TLSA_FIXED;
	len -= TLSA_FIXED;
	if (out->matching == TLSA_FULL) /* what a certificate is known by here */
		return EVP_Digest(data, len, out->digest, NULL, EVP_sha256(), NULL) == 1;
	if (out->matching >= TLSA_MATCHINGS) /* of a time to come */
		return true;
	if (len != tlsa_digest_len(out->matching))
		return false;
	memcpy(out->digest, data, len);
	return true;
}

int dns_answer_tlsa(const void *packet, size_t len, struct tlsa **records, size_t *count,
		    struct dns_answer_note *note)
{
	struct reader r;
	struct tlsa *all;
	size_t n = 0;
	ns_rr record;
	int rc;

	*note = (struct dns_answer_note){ 0 };
	rc = reader_init(&r, packet, len, ns_t_tlsa);
	if (rc)
		return rc;
	all = malloc(DANE_RECORDS_MAX * sizeof(*all));
	if (!all)
		return -FAIL_NO_MEMORY;
	while (read_record(&r, &record))
		if (n < DANE_RECORDS_MAX)
			n += read_tlsa(&record, &all[n]);
	rc = conclude(&r, n, note);
	if (rc) {
		free(all);
		return rc == -FAIL_DNS_FAILED ? -FAIL_DNS_NOT_FOUND : rc;
	}
	*records = all;
	*count = n;
	return 0;
}

/* An IPv4 address in IPv6's clothes would pass by what is said of IPv4 addresses. [RFC4291 2.5.5.2] */
static bool is_mapped(const unsigned char *data)
{
	static const unsigned char prefix[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	return !memcmp(data, prefix, sizeof(prefix));
}

int dns_answer_addresses(const void *packet, size_t len, bool v6, uint16_t port,
			 struct net_address *out, size_t max, size_t *count,
			 struct dns_answer_note *note)
{
	size_t n = 0, size = v6 ? NS_IN6ADDRSZ : NS_INADDRSZ;
	struct reader r;
	ns_rr record;
	int rc;

	*note = (struct dns_answer_note){ 0 };
	*count = 0;
	rc = reader_init(&r, packet, len, v6 ? ns_t_aaaa : ns_t_a);
	if (rc)
		return rc;
	while (n < max && read_record(&r, &record)) {
		if (ns_rr_rdlen(record) != size || (v6 && is_mapped(ns_rr_rdata(record))))
			continue;
		memset(&out[n], 0, sizeof(*out));
		out[n].v6 = v6;
		out[n].port = port;
		memcpy(out[n++].ip, ns_rr_rdata(record), size);
	}
	*count = n;
	return conclude(&r, n, note);
}
