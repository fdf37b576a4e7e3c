/*
 * xml_stream: bytes of one XML stream in; header, elements, stanzas, footer out.
 *
 * expat (namespace-aware) stands behind a boundary scanner that hands it bytes only up to the last complete tag, so that
 * the cost stays linear whatever the chunking, and that counts the limits on raw bytes before an element is complete. One
 * object serves one XML stream: after a restart the owner makes a new one for the bytes that follow. Pure: no I/O.
 *
 * Lifetime: never freed, and never fed, from inside a callback; the callback asks to stop instead, and acts when
 * xml_stream_feed has returned.
 */
#ifndef XMPP_XML_STREAM_H
#define XMPP_XML_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "xmpp/element.h"
#include "xmpp/stanza.h"

struct xml_stream_limits {
	size_t element_bytes; /* raw bytes of one element of the stream, tags included; also of the header */
	size_t tag_bytes; /* raw bytes of one tag */
	size_t total_bytes; /* raw bytes of the whole stream, white space included; 0 = no limit (authenticated) */
	unsigned depth;	     /* an element of the stream is at depth 1 */
	unsigned attributes; /* of one tag */
	size_t name_bytes;   /* of an element's or attribute's name or a namespace */
};

#define XML_STREAM_LIMITS_DEFAULT \
	{ \
		262144, 16384, 0, 64, 64, 1024 \
	}

struct xml_header {		/* borrowed for the call; NULL = the attribute is absent */
	const char *content_ns; /* "" where none was declared */
	const char *from;
	const char *to;
	const char *id;
	const char *version;
	const char *lang;
	bool dialback; /* some prefix is bound to jabber:server:dialback */
};

/* What a callback returns: 0 goes on, XML_STREAM_STOP stops behind the very element, -FAIL_X ends the stream. */
#define XML_STREAM_STOP 1

struct xml_stream_events {
	/* A root that is no <stream> in its namespace never gets here: -FAIL_XML_NAMESPACE or -FAIL_XML_INVALID. */
	int (*header)(void *context, const struct xml_header *header);
	/* A child of the root that is no stanza. E lives until the callback returns. */
	int (*element)(void *context, const struct element *e);
	/* message, presence or iq in the content namespace; borrowed: stanza_get to keep it. */
	int (*stanza)(void *context, struct stanza *s);
	/* </stream:stream>; whatever follows is refused. */
	int (*footer)(void *context);
};

struct xml_stream;

/* EVENTS and CONTEXT are borrowed for life. CONTENT_NS is the namespace whose message, presence and iq are stanzas; the
 * header's own content namespace is reported, not judged. NULL when memory runs out. */
struct xml_stream *xml_stream_new(const struct xml_stream_events *events, void *context,
				  const struct xml_stream_limits *limits, const char *content_ns);
void xml_stream_free(struct xml_stream *x);
/* A stream that got authenticated is freed of its total, or gets another element limit. */
void xml_stream_set_limits(struct xml_stream *x, const struct xml_stream_limits *limits);
/*
 * Feeds LEN bytes. 0: all eaten. XML_STREAM_STOP: a callback stopped it, *EATEN bytes of DATA belong to this stream, the
 * rest to its successor; the object may only be freed. -FAIL_X: the stream is broken and stays so; what a callback returned
 * is passed on; *EATEN means nothing. After a failure or a stop no callback is called again. EATEN may be NULL. Events and
 * result depend on the bytes alone, not on how they are cut.
 */
int xml_stream_feed(struct xml_stream *x, const char *data, size_t len, size_t *eaten) must_check;
/*
 * For a stream that is idle: gives the parser's memory back, some 10 kB, where nothing is half read; the next element costs
 * making it anew. It changes nothing else. Not from inside a callback.
 */
void xml_stream_rest(struct xml_stream *x);

#endif
