#include "xmpp/stanza_tree.h"

#include <limits.h>
#include <string.h>

#include "xmpp/ns.h"
#include "xmpp/xml_stream.h"

struct reader {
	stanza_tree_fn fn;
	void *context;
};

static int on_header(void *context, const struct xml_header *header)
{
	(void)context;
	(void)header;
	return 0;
}

static int on_element(void *context, const struct element *e)
{
	struct reader *r = context;

	r->fn(r->context, e);
	return XML_STREAM_STOP;
}

/* The stream says that its stanzas are in a namespace where nothing of S is, so that S is an element of it. */
static int on_stanza(void *context, struct stanza *s)
{
	(void)context;
	(void)s;
	return -FAIL_INTERNAL;
}

static int on_footer(void *context)
{
	(void)context;
	return -FAIL_INTERNAL;
}

static const struct xml_stream_events events = {
	.header = on_header,
	.element = on_element,
	.stanza = on_stanza,
	.footer = on_footer,
};

int stanza_tree(const struct stanza *s, stanza_tree_fn fn, void *context)
{
	static const char header[] =
		"<stream:stream xmlns='" NS_SERVER "' xmlns:stream='" NS_STREAM "'>";
	struct reader reader = { fn, context };
	struct xml_stream_limits limits = XML_STREAM_LIMITS_DEFAULT;
	struct xml_stream *x;
	const char *bytes;
	size_t len;
	int rc;

	bytes = stanza_bytes(s, &len);
	/* escapes and declarations may have made it larger than it was when its limits were looked at */
	limits.element_bytes = limits.tag_bytes = sizeof(header) + len;
	limits.attributes = UINT_MAX;
	x = xml_stream_new(&events, &reader, &limits, "urn:fedgate:none");
	if (!x)
		return -FAIL_NO_MEMORY;
	rc = xml_stream_feed(x, header, sizeof(header) - 1, NULL);
	if (!rc)
		rc = xml_stream_feed(x, bytes, len, NULL);
	xml_stream_free(x);
	if (rc == XML_STREAM_STOP)
		return 0;
	return rc ? rc : -FAIL_INTERNAL;
}
