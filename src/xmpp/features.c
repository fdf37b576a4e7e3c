#include "xmpp/features.h"

#include <string.h>

#include "base/str.h"
#include "xmpp/ns.h"

bool features_is(const struct element *e)
{
	return element_is(e, NS_STREAM, "features");
}

static bool has_external(const struct element *mechanisms)
{
	const struct element *e;

	for (e = mechanisms->children; e; e = e->next)
		if (element_is(e, NS_SASL, "mechanism") && !strcmp(e->text, "EXTERNAL"))
			return true;
	return false;
}

/* A limit that is no number is none. [XEP-0478 2] */
static uint64_t max_bytes(const struct element *features)
{
	const struct element *limits = element_child(features, NS_LIMITS, "limits");
	const struct element *max = limits ? element_child(limits, NS_LIMITS, "max-bytes") : NULL;
	const char *text = max ? max->text : "";
	size_t len = strlen(text);
	char digits[24];
	uint64_t value;

	str_trim(&text, &len);
	if (str_copy(digits, sizeof(digits), text, len) || str_u64(digits, &value))
		return 0;
	return value < FEATURES_MAX_BYTES_LEAST ? FEATURES_MAX_BYTES_LEAST : value;
}

struct features features_read(const struct element *e)
{
	const struct element *starttls = element_child(e, NS_TLS, "starttls");
	const struct element *mechanisms = element_child(e, NS_SASL, "mechanisms");
	const struct element *dialback = element_child(e, NS_DIALBACK_FEATURE, "dialback");
	struct features f = {
		.starttls = starttls != NULL,
		.starttls_required = starttls && element_child(starttls, NULL, "required"),
		.external = mechanisms && has_external(mechanisms),
		.dialback = dialback != NULL,
		.dialback_errors = dialback && element_child(dialback, NULL, "errors"),
		.max_bytes = max_bytes(e),
	};
	return f;
}

void features_write(struct buf *out, const struct features *f)
{
	buf_adds(out, "<stream:features>");
	if (f->starttls)
		buf_addf(out, "<starttls xmlns='" NS_TLS "'>%s</starttls>",
			 f->starttls_required ? "<required/>" : "");
	if (f->external)
		buf_adds(out, "<mechanisms xmlns='" NS_SASL "'><mechanism>EXTERNAL</mechanism>"
			      "</mechanisms>");
	if (f->dialback)
		buf_adds(out, "<dialback xmlns='" NS_DIALBACK_FEATURE "'><errors/></dialback>");
	if (f->max_bytes)
		buf_addf(out, "<limits xmlns='" NS_LIMITS "'><max-bytes>%llu</max-bytes></limits>",
			 (unsigned long long)f->max_bytes);
	buf_adds(out, "</stream:features>");
}
