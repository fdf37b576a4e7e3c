#include "trust/reason.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"

#define DAY 86400
#define NAMES_TOLD 4
#define NAME_TOLD 80 /* bytes of one name */

/* The day that lies DAYS after 1970-01-01, in the Gregorian calendar: years begin in March, 400 of them have 146097 days. */
static void add_day(struct buf *out, int64_t days)
{
	int64_t shifted = days + 719468; /* since 0000-03-01 */
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t of_era = shifted - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;

	buf_addf(out, "%04lld-%02lld-%02lld", (long long)(year + era * 400 + (month >= 10)),
		 (long long)(month < 10 ? month + 3 : month - 9),
		 (long long)(of_year - (153 * month + 2) / 5 + 1));
}

/* "2026-11-25 03:04:05 UTC" */
static void add_time(struct buf *out, int64_t at)
{
	int64_t of_day = (at % DAY + DAY) % DAY;

	add_day(out, (at - of_day) / DAY);
	buf_addf(out, " %02lld:%02lld:%02lld UTC", (long long)(of_day / 3600),
		 (long long)(of_day / 60 % 60), (long long)(of_day % 60));
}

static const struct cert_culprit *add_culprit(struct buf *out, const struct cert_facts *facts)
{
	const struct cert_culprit *c = &facts->culprit;

	if (!c->depth)
		buf_adds(out, "the partner's certificate");
	else
		buf_addf(out, "the authority's certificate at depth %u of the partner's chain",
			 c->depth);
	if (c->subject)
		buf_addf(out, " (%s%s%s)", *c->subject ? c->subject : "without a subject",
			 c->issuer ? ", issued by " : "", c->issuer ? c->issuer : "");
	return c;
}

static void add_usages(struct buf *out, unsigned usages)
{
	bool server = usages & CERT_USAGE_SERVER;

	if (server || !usages)
		buf_adds(out, " may not identify a server by its key usage or its place in the "
			      "chain: ask the partner for another");
	else if (usages & CERT_USAGE_CLIENT)
		buf_adds(out, " may only identify clients, not servers: ask the partner for one "
			      "with the usage serverAuth, or set accept-client-only-eku");
	else if (usages & CERT_USAGE_ANY)
		buf_adds(out, " names the usage \"any\" but not serverAuth, and that is not enough "
			      "to identify a server: ask the partner for one with serverAuth");
	else
		buf_adds(out, " is for other usages than identifying a server: ask the partner "
			      "for one with the usage serverAuth");
}

static void add_chain(struct buf *out, const struct cert_facts *facts)
{
	const struct cert_culprit *c = add_culprit(out, facts);

	switch (facts->chain) {
	case CERT_CHAIN_EXPIRED:
		buf_adds(out, " expired on ");
		add_time(out, c->not_after);
		break;
	case CERT_CHAIN_NOT_YET_VALID:
		buf_adds(out, " is not valid before ");
		add_time(out, c->not_before);
		buf_adds(out, ": look at the clocks of both sides");
		break;
	case CERT_CHAIN_SELF_SIGNED:
		buf_adds(out, " is signed by itself: if it is known to be the partner's, add it to "
			      "the partner's trust-anchors");
		break;
	case CERT_CHAIN_UNTRUSTED:
		buf_adds(out, " leads to no authority among trust-anchors: the authority is "
			      "unknown here, or the partner does not send an intermediate "
			      "certificate");
		break;
	case CERT_CHAIN_REVOKED:
		buf_adds(out, " was revoked by its issuer, as a list of crl-files says");
		break;
	case CERT_CHAIN_NO_CRL:
		buf_adds(out, " is covered by no list of crl-files that is in force, and crl-check "
			      "is hard: fetch the issuer's current list");
		break;
	case CERT_CHAIN_PURPOSE:
		add_usages(out, c->usages);
		break;
	case CERT_CHAIN_WEAK:
		buf_adds(out, " has a key or signature that is too weak");
		break;
	case CERT_CHAIN_MISSING:
	case CERT_CHAIN_OK:
	case CERT_CHAIN_BROKEN:
		buf_adds(out, " could not be verified");
		break;
	}
	if (c->words && *c->words)
		buf_addf(out, " [%s]", c->words);
}

/* A peer may have put anything into a name. */
static void add_name(struct buf *out, const struct cert_name *name)
{
	size_t i;

	buf_addf(out, "%s ", cert_name_type_str(name->type));
	for (i = 0; i < name->len && i < NAME_TOLD; i++)
		buf_addc(out, name->value[i] > ' ' && name->value[i] < 0x7f ? name->value[i] : '?');
	if (i < name->len)
		buf_adds(out, "…");
}

static void add_names(struct buf *out, const struct cert_facts *facts, const char *domain)
{
	size_t i;

	if (!facts->name_count) {
		buf_addf(out,
			 "the partner's certificate has no subjectAltName that could name %s; a "
			 "Common Name is not looked at",
			 domain);
		return;
	}
	buf_adds(out, "the partner's certificate names ");
	for (i = 0; i < facts->name_count && i < NAMES_TOLD; i++) {
		buf_adds(out, i ? ", " : "");
		add_name(out, &facts->names[i]);
	}
	if (i < facts->name_count)
		buf_addf(out, " and %zu more", facts->name_count - i);
	buf_addf(out, ", but not %s", *domain ? domain : "the domain, which the peer did not tell");
}

static void add_reason(struct buf *out, const struct cert_facts *facts, const char *domain,
		       enum fail fail)
{
	if (fail == FAIL_CERT_MISSING)
		buf_adds(out, "the partner showed no certificate");
	else if (fail == FAIL_CERT_NAME && facts)
		add_names(out, facts, domain);
	else if (fail == FAIL_CERT_PIN)
		buf_addf(out,
			 "the partner's certificate has another key than the one that is pinned: "
			 "ask "
			 "the partner, then `fedgatectl pin %s --accept`",
			 domain);
	else if (fail >= FAIL_CERT_EXPIRED && fail <= FAIL_CERT_CHAIN && facts)
		add_chain(out, facts);
	else if (fail)
		buf_adds(out, fail_info(fail)->text);
}

void reason_of(const struct cert_facts *facts, const char *domain, enum fail fail,
	       char out[REASON_SIZE])
{
	static const char cut[] = "…";
	struct buf text;

	buf_init(&text, BUF_MAX_DEFAULT);
	add_reason(&text, facts, domain, fail);
	if (text.len < REASON_SIZE) {
		memcpy(out, buf_str(&text), text.len);
		out[text.len] = '\0';
	} else {
		size_t end = REASON_SIZE - sizeof(cut);
		while (end &&
		       ((unsigned char)text.data[end] & 0xc0) == 0x80) /* not inside a character */
			end--;
		memcpy(out, text.data, end);
		memcpy(out + end, cut, sizeof(cut));
	}
	buf_fini(&text);
}
