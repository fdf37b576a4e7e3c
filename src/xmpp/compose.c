#include "xmpp/compose.h"

#include <string.h>

#include "base/str.h"
#include "xmpp/ns.h"

static void attribute(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	buf_addf(out, " %s='", name);
	buf_add_xml(out, value, strlen(value));
	buf_addc(out, '\'');
}

void compose_header(struct buf *out, const struct compose_header *header)
{
	buf_adds(out, "<?xml version='1.0'?><stream:stream xmlns='" NS_SERVER
		      "' xmlns:stream='" NS_STREAM "' xmlns:db='" NS_DIALBACK "'");
	attribute(out, "from", header->from);
	attribute(out, "to", header->to);
	attribute(out, "id", header->id);
	/* a language on the header would become that of every stanza that names none [RFC6120 8.1.5]: it is not ours to
	 * say, and what we write ourselves names its own */
	if (header->version)
		buf_adds(out, " version='1.0'");
	buf_addc(out, '>');
}

void compose_component_header(struct buf *out, const char *from, const char *id)
{
	buf_adds(out, "<?xml version='1.0'?><stream:stream xmlns='" NS_COMPONENT
		      "' xmlns:stream='" NS_STREAM "'");
	attribute(out, "from", from);
	attribute(out, "id", id);
	buf_addc(out, '>');
}

void compose_footer(struct buf *out)
{
	buf_adds(out, "</stream:stream>");
}

void compose_stream_error(struct buf *out, const char *condition, const char *text,
			  const char *application)
{
	buf_addf(out, "<stream:error><%s xmlns='" NS_STREAM_ERRORS "'/>", condition);
	if (text) {
		buf_adds(out, "<text xmlns='" NS_STREAM_ERRORS "' xml:lang='en'>");
		buf_add_xml(out, text, strlen(text));
		buf_adds(out, "</text>");
	}
	if (application)
		buf_addf(out, "<%s xmlns='" NS_ERRORS "'/>", application);
	buf_adds(out, "</stream:error>");
}

void compose_tls(struct buf *out, const char *name)
{
	buf_addf(out, "<%s xmlns='" NS_TLS "'/>", name);
}

void compose_sasl(struct buf *out, const char *name, const char *mechanism, const void *data,
		  size_t len)
{
	buf_addf(out, "<%s xmlns='" NS_SASL "'", name);
	attribute(out, "mechanism", mechanism);
	if (!data || (!len && !mechanism)) {
		buf_adds(out, "/>");
		return;
	}
	buf_addc(out, '>');
	if (len) {
		char *to = buf_reserve(out, 4 * ((len + 2) / 3));
		if (to)
			out->len += str_base64(to, data, len);
	} else {
		buf_addc(out, '=');
	}
	buf_addf(out, "</%s>", name);
}

void compose_sasl_failure(struct buf *out, const char *condition)
{
	buf_addf(out, "<failure xmlns='" NS_SASL "'><%s/></failure>", condition);
}

void compose_dialback(struct buf *out, const struct compose_dialback *d)
{
	buf_addf(out, "<db:%s", d->name);
	attribute(out, "from", d->from);
	attribute(out, "to", d->to);
	attribute(out, "id", d->id);
	attribute(out, "type", d->type);
	if (d->condition)
		buf_addf(out,
			 "><error type='%s'><%s xmlns='" NS_STANZA_ERRORS "'/></error></db:%s>",
			 strcmp(d->condition, "resource-constraint") ? "cancel" : "wait",
			 d->condition, d->name);
	else if (d->text) {
		buf_addc(out, '>');
		buf_add_xml(out, d->text, strlen(d->text));
		buf_addf(out, "</db:%s>", d->name);
	} else
		buf_adds(out, "/>");
}
