/*
 * bench_xml: what a stanza costs, against what expat alone costs for the same bytes.
 *
 * Prints CPU nanoseconds per message for expat, for expat with namespaces, both with empty handlers, and for xml_stream
 * with a stanza made and freed; and the ratios. The best of several rounds that take turns, so that a busy machine
 * disturbs all three alike. Measures, never judges.
 */
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "xmpp/ns.h"
#include "xmpp/xml_stream.h"

#define MESSAGES 20000
#define ROUNDS 15

static const char header[] =
	"<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
	"xmlns:db='jabber:server:dialback' from='one.example' to='two.example' version='1.0'>";
static const char message[] =
	"<message from='juliet@one.example/balcony' to='romeo@two.example' id='a1b2c3' type='chat'>"
	"<body>Wherefore art thou, Romeo? Deny thy father!</body>"
	"<active xmlns='http://jabber.org/protocol/chatstates'/></message>";

enum subject { EXPAT, EXPAT_NS, XML_STREAM, SUBJECTS };

static const char *const subject_names[] = { "expat", "expat, namespaces", "xml_stream" };

static void XMLCALL on_start(void *context, const char *name, const char **attributes)
{
	(void)context;
	(void)name;
	(void)attributes;
}

static void XMLCALL on_end(void *context, const char *name)
{
	(void)context;
	(void)name;
}

static void XMLCALL on_text(void *context, const char *text, int len)
{
	(void)context;
	(void)text;
	(void)len;
}

static int on_header(void *context, const struct xml_header *h)
{
	(void)context;
	(void)h;
	return 0;
}

static int on_element(void *context, const struct element *e)
{
	(void)context;
	(void)e;
	return 0;
}

static int on_stanza(void *context, struct stanza *s)
{
	(void)s;
	++*(unsigned *)context;
	return 0;
}

static int on_footer(void *context)
{
	(void)context;
	return 0;
}

static const struct xml_stream_events events = { on_header, on_element, on_stanza, on_footer };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void fail(const char *what)
{
	fprintf(stderr, "bench_xml: %s\n", what);
	exit(1);
}

static double run_expat(bool namespaces, const char *data, size_t len, size_t chunk)
{
	XML_Parser p = namespaces ? XML_ParserCreateNS("UTF-8", '\x1f') : XML_ParserCreate("UTF-8");
	double start;
	size_t i;

	if (!p)
		fail("no memory");
	XML_SetElementHandler(p, on_start, on_end);
	XML_SetCharacterDataHandler(p, on_text);
	start = now();
	for (i = 0; i < len; i += chunk) {
		size_t n = len - i < chunk ? len - i : chunk;
		if (XML_Parse(p, data + i, (int)n, XML_FALSE) != XML_STATUS_OK)
			fail("expat refuses the input");
	}
	start = now() - start;
	XML_ParserFree(p);
	return start;
}

static double run_stream(const char *data, size_t len, size_t chunk)
{
	struct xml_stream_limits limits = XML_STREAM_LIMITS_DEFAULT;
	unsigned count = 0;
	struct xml_stream *x = xml_stream_new(&events, &count, &limits, NS_SERVER);
	double start;
	size_t i;

	if (!x)
		fail("no memory");
	start = now();
	for (i = 0; i < len; i += chunk) {
		size_t n = len - i < chunk ? len - i : chunk;
		if (xml_stream_feed(x, data + i, n, NULL))
			fail("xml_stream refuses the input");
	}
	start = now() - start;
	xml_stream_free(x);
	if (count != MESSAGES)
		fail("xml_stream lost stanzas");
	return start;
}

static void bench(const char *data, size_t len, size_t chunk)
{
	double best[SUBJECTS] = { 0 };
	unsigned round;
	enum subject s;

	for (round = 0; round < ROUNDS; round++) {
		for (s = EXPAT; s < SUBJECTS; s++) {
			double t = s == XML_STREAM ? run_stream(data, len, chunk)
						   : run_expat(s == EXPAT_NS, data, len, chunk);
			if (!round || t < best[s])
				best[s] = t;
		}
	}
	printf("chunks of %zu bytes\n", chunk);
	for (s = EXPAT; s < SUBJECTS; s++)
		printf("  %-20s %7.1f ns/message   %4.2f x expat, namespaces\n", subject_names[s],
		       best[s] / MESSAGES, best[s] / best[EXPAT_NS]);
}

int main(void)
{
	size_t one = strlen(message), len = strlen(header), i;
	char *data = malloc(len + one * MESSAGES);

	if (!data)
		fail("no memory");
	memcpy(data, header, len);
	for (i = 0; i < MESSAGES; i++, len += one)
		memcpy(data + len, message, one);
	printf("%zu-byte messages, %d in a run, best of %d runs, CPU time\n", one, MESSAGES,
	       ROUNDS);
	bench(data, len, 1400);
	bench(data, len, 16384);
	free(data);
	return 0;
}
