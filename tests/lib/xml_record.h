/*
 * xml_record: what an xml_stream delivers, written down as text.
 *
 * One record holds one stream. Every event becomes lines of text; an event can be told to stop or fail the stream. A name
 * that the parser's separator has leaked into aborts the program.
 */
#ifndef TESTS_LIB_XML_RECORD_H
#define TESTS_LIB_XML_RECORD_H

#include "base/buf.h"
#include "xmpp/xml_stream.h"

struct xml_record {
	struct xml_stream *stream;
	struct buf text;       /* the events */
	struct buf bytes;      /* of the last stanza */
	struct stanza *stanza; /* the last; held */
	unsigned events;       /* so far */
	unsigned answer_at;    /* the event, counted from 1, that gets ANSWER; 0 = none */
	int answer;
	const struct xml_stream_limits *relax; /* set by the header callback where not NULL */
	int result;			       /* of the last feed */
	size_t eaten;			       /* of all feeds */
};

/* LIMITS NULL = the default ones; CONTENT_NS NULL = jabber:server. */
void xml_record_init(struct xml_record *r, const struct xml_stream_limits *limits,
		     const char *content_ns);
void xml_record_fini(struct xml_record *r);
/* Feeds DATA in pieces of STEP bytes (0 = in one), each copied to memory of its own; stops where the stream does. */
int xml_record_feed(struct xml_record *r, const char *data, size_t len, size_t step);
/* The events so far, as a string. */
const char *xml_record_text(struct xml_record *r);

#endif
