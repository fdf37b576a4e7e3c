/*
 * xml_scan: finds the ends of tags in the bytes of a stream, before the parser sees them.
 *
 * A small machine over raw bytes: text, tags, quotes, CDATA, the XML declaration. It knows where each child of the root
 * begins and ends, counts every limit on raw bytes, and refuses early what no stream may hold. What it lets through is
 * still judged by the parser. Every answer depends on the bytes alone, never on how they were cut. Owned by xml_stream.
 */
#ifndef XMPP_XML_SCAN_INT_H
#define XMPP_XML_SCAN_INT_H

#include <stdbool.h>
#include <stddef.h>

#include "xmpp/xml_stream.h"

enum xml_scan_state {
	XML_SCAN_FIRST,	   /* nothing seen yet */
	XML_SCAN_BETWEEN,  /* before the root, or between its children */
	XML_SCAN_LESS,	   /* behind '<' */
	XML_SCAN_BANG,	   /* behind "<!" */
	XML_SCAN_QUESTION, /* behind "<?" */
	XML_SCAN_DECLARATION,
	XML_SCAN_TAG,
	XML_SCAN_EQUALS,
	XML_SCAN_QUOTED,
	XML_SCAN_SLASH,
	XML_SCAN_TEXT,
	XML_SCAN_REFERENCE,
	XML_SCAN_CDATA,
	XML_SCAN_OVER /* behind the end tag of the root */
};

enum xml_scan_event {
	XML_SCAN_MORE,	/* ran out of bytes */
	XML_SCAN_TOKEN, /* the token that was held is complete, or the XML declaration is */
	XML_SCAN_HEADER, /* the start tag of the root; state is XML_SCAN_OVER where it was an empty element */
	XML_SCAN_ELEMENT, /* a child of the root is complete */
	XML_SCAN_FOOTER
};

struct xml_scan {
	const struct xml_stream_limits *limits; /* borrowed */
	enum xml_scan_state state;
	enum xml_scan_event event;
	enum fail fail;
	unsigned depth;	     /* open elements */
	unsigned attributes; /* of the tag being read, declarations of namespaces included */
	unsigned match;	     /* bytes of a fixed word that matched so far */
	bool declaration;    /* an XML declaration may begin here */
	bool closing;
	char quote;
	size_t held; /* bytes of the token that is not complete: they must not reach the parser yet */
	size_t element; /* bytes of the current element of the stream */
	size_t total;
};

struct xml_scan_run {
	size_t used; /* bytes taken */
	size_t skip; /* of these at the front: white space between elements, not for the parser */
	enum xml_scan_event event;
};

void xml_scan_init(struct xml_scan *s, const struct xml_stream_limits *limits);
/*
 * Reads on, to the end of the next element of the stream at most; with ONE_TOKEN, for which a token must be held, to the
 * end of that token. 0, or -FAIL_X for the bytes behind those used; the machine is then dead.
 */
int xml_scan_run(struct xml_scan *s, const char *data, size_t len, bool one_token,
		 struct xml_scan_run *run) must_check;

#endif
