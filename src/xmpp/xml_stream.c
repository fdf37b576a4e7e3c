#define XML_DTD /* expat 2.5 shows its limits only so */
#include <expat.h>

#include "xmpp/xml_stream.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "element_builder_int.h"
#include "stanza_writer_int.h"
#include "xml_name_int.h"
#include "xml_scan_int.h"
#include "xmpp/ns.h"

#define TRACKER_THRESHOLD \
	(1024 * 1024)  /* bytes a parser may allocate before expat looks at the ratio */
#define HOLD_KEEP 4096 /* of the held tag's memory, by an idle stream */
/* Expat keeps each name that it ever saw, some 17 bytes for each byte of a stream of fresh names: another one takes over. */
#define PARSER_BYTES ((size_t)256 << 10)
#define REST_ROOT_MAX \
	1024 /* with a longer header, which the next parser has to read, a stream does not rest */

struct xml_stream {
	const struct xml_stream_events *events;
	void *context;
	struct xml_stream_limits limits;
	char *content_ns;
	XML_Parser parser; /* NULL while it rests */
	struct xml_scan scan;
	size_t parsed;	 /* bytes, by this parser */
	struct buf root; /* the bytes up to the end of the header, for the next parser */
	bool replaying;	 /* the header, which was delivered before */
	struct buf hold; /* the bytes of a token that is not complete */
	struct stanza_writer writer;
	struct element_builder builder;
	struct arena header_arena;
	struct xml_header header; /* until it is delivered */
	unsigned open;		  /* elements, as the parser counts them */
	bool in_stanza;
	bool headed; /* the header was delivered */
	bool begun;  /* the parser has begun what is delivered next */
	int over;    /* XML_STREAM_STOP or -FAIL_X: nothing more happens */
	int fail;    /* of a handler: -FAIL_X */
};

/* --- what the parser calls --- */

static void check(struct xml_stream *x, int r)
{
	if (!r || x->fail)
		return;
	x->fail = r;
	(void)XML_StopParser(x->parser, XML_FALSE);
}

static char *copy(struct xml_stream *x, const char *text)
{
	char *to = arena_strndup(&x->header_arena, text, strlen(text));

	if (!to)
		check(x, -FAIL_XML_TOO_BIG);
	return to;
}

static void root_namespace(struct xml_stream *x, const char *prefix, const char *uri)
{
	if (!prefix) {
		x->header.content_ns = copy(x, uri ? uri : "");
		return;
	}
	if (strlen(prefix) > x->limits.name_bytes || strlen(uri) > x->limits.name_bytes) {
		check(x, -FAIL_XML_ATTRIBUTES);
		return;
	}
	if (!strcmp(uri, NS_DIALBACK))
		x->header.dialback = true;
	check(x, stanza_writer_add_prefix(&x->writer, prefix, uri));
}

static const char **header_field(struct xml_header *header, const struct xml_name *name)
{
	if (xml_name_in(name, NS_XML, strlen(NS_XML)))
		return xml_name_is(name, "lang") ? &header->lang : NULL;
	if (name->uri_len)
		return NULL;
	if (xml_name_is(name, "from"))
		return &header->from;
	if (xml_name_is(name, "to"))
		return &header->to;
	if (xml_name_is(name, "id"))
		return &header->id;
	return xml_name_is(name, "version") ? &header->version : NULL;
}

static void root_start(struct xml_stream *x, const struct xml_name *name, const char **attributes)
{
	struct xml_name split;

	if (!xml_name_is(name, "stream"))
		check(x, -FAIL_XML_INVALID);
	else if (!xml_name_in(name, NS_STREAM, strlen(NS_STREAM))) /* [RFC6120 4.8.1] */
		check(x, -FAIL_XML_NAMESPACE);
	for (; *attributes && !x->fail; attributes += 2) {
		const char **field;
		if (!xml_name_split(attributes[0], x->limits.name_bytes, &split))
			check(x, -FAIL_XML_ATTRIBUTES);
		field = header_field(&x->header, &split);
		if (field)
			*field = copy(x, attributes[1]);
	}
	if (!x->fail && x->header.lang && *x->header.lang)
		check(x, stanza_writer_set_lang(&x->writer, x->header.lang));
}

static void child_start(struct xml_stream *x, const struct xml_name *name, const char **attributes)
{
	enum stanza_kind kind;

	x->in_stanza = stanza_writer_is_stanza(&x->writer, name, &kind);
	if (x->in_stanza) {
		stanza_writer_begin(&x->writer, kind);
		check(x, stanza_writer_start(&x->writer, name, attributes));
	} else if (xml_name_in(name, NS_STREAM, strlen(NS_STREAM)) && xml_name_is(name, "stream")) {
		check(x, -FAIL_XML_INVALID); /* a stream inside the stream */
	} else {
		stanza_writer_discard(&x->writer);
		check(x, element_builder_start(&x->builder, name, attributes));
	}
}

static void XMLCALL on_start(void *context, const char *name, const char **attributes)
{
	struct xml_stream *x = context;
	unsigned depth = x->open++;
	struct xml_name split;

	if (x->fail || x->replaying)
		return;
	x->begun = true;
	if (!xml_name_split(name, x->limits.name_bytes, &split))
		check(x, -FAIL_XML_ATTRIBUTES);
	else if (depth == 0)
		root_start(x, &split, attributes);
	else if (depth == 1)
		child_start(x, &split, attributes);
	else if (x->in_stanza)
		check(x, stanza_writer_start(&x->writer, &split, attributes));
	else
		check(x, element_builder_start(&x->builder, &split, attributes));
}

static void XMLCALL on_end(void *context, const char *name)
{
	struct xml_stream *x = context;

	(void)name;
	x->open--;
	if (x->fail || !x->open)
		return;
	check(x, x->in_stanza ? stanza_writer_end(&x->writer) : element_builder_end(&x->builder));
}

static void XMLCALL on_text(void *context, const char *text, int len)
{
	struct xml_stream *x = context;

	if (x->fail)
		return;
	if (x->open < 2)
		check(x, -FAIL_XML_INVALID);
	else if (x->in_stanza)
		check(x, stanza_writer_text(&x->writer, text, (size_t)len));
	else
		check(x, element_builder_text(&x->builder, text, (size_t)len));
}

/* Declarations come before the start of their element: that of a child of the root is not known yet. */
static void XMLCALL on_namespace(void *context, const char *prefix, const char *uri)
{
	struct xml_stream *x = context;

	if (x->fail || x->replaying)
		return;
	if (!x->open)
		root_namespace(x, prefix, uri);
	else if (x->open == 1 || x->in_stanza)
		check(x, stanza_writer_namespace(&x->writer, prefix, uri));
}

static void XMLCALL on_declaration(void *context, const char *version, const char *encoding,
				   int standalone)
{
	struct xml_stream *x = context;

	(void)standalone;			       /* without a document type it says nothing */
	if (encoding && strcasecmp(encoding, "utf-8")) /* [RFC6120 11.6] */
		check(x, -FAIL_XML_ENCODING);
	else if (!version || strcmp(version, "1.0"))
		check(x, -FAIL_XML_NOT_WELL_FORMED);
}

/* The scanner refuses all of these before; whatever it let pass ends here [RFC6120 11.1]. */
static void XMLCALL on_doctype(void *context, const char *name, const char *system_id,
			       const char *public_id, int internal)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)internal;
	check(context, -FAIL_XML_RESTRICTED);
}

static void XMLCALL on_comment(void *context, const char *text)
{
	(void)text;
	check(context, -FAIL_XML_RESTRICTED);
}

static void XMLCALL on_instruction(void *context, const char *target, const char *text)
{
	(void)target;
	(void)text;
	check(context, -FAIL_XML_RESTRICTED);
}

/* --- life --- */

static XML_Parser make_parser(struct xml_stream *x)
{
	XML_Parser p = XML_ParserCreateNS("UTF-8", XML_NAME_SEPARATOR);

	if (!p)
		return NULL;
#ifdef HAVE_XML_SETREPARSEDEFERRALENABLED
	/* a finished element must not wait for more bytes; the scanner keeps the cost linear instead */
	(void)XML_SetReparseDeferralEnabled(p, XML_FALSE);
#endif
#ifdef HAVE_XML_SETALLOCTRACKERACTIVATIONTHRESHOLD
	(void)XML_SetAllocTrackerActivationThreshold(p, TRACKER_THRESHOLD);
#endif
	XML_SetReturnNSTriplet(p, XML_TRUE);
	XML_SetUserData(p, x);
	XML_SetElementHandler(p, on_start, on_end);
	XML_SetCharacterDataHandler(p, on_text);
	XML_SetStartNamespaceDeclHandler(p, on_namespace);
	XML_SetXmlDeclHandler(p, on_declaration);
	XML_SetStartDoctypeDeclHandler(p, on_doctype);
	XML_SetCommentHandler(p, on_comment);
	XML_SetProcessingInstructionHandler(p, on_instruction);
	return p;
}

/* Between two elements: a new parser, in the state of the one before. NULL where there is no memory for another. */
static XML_Parser next_parser(struct xml_stream *x)
{
	XML_Parser next = make_parser(x);

	x->parsed = 0;
	if (!next)
		return NULL;
	x->open = 0;
	x->replaying = true;
	if (XML_Parse(next, x->root.data, (int)x->root.len, XML_FALSE) != XML_STATUS_OK) {
		XML_ParserFree(next);
		next = NULL;
	}
	x->open = 1;
	x->replaying = false;
	return next;
}

static void renew_parser(struct xml_stream *x)
{
	XML_Parser next = next_parser(x);

	if (!next)
		return;
	XML_ParserFree(x->parser);
	x->parser = next;
}

void xml_stream_rest(struct xml_stream *x)
{
	/* between two elements, with nothing held back */
	if (x->over || !x->parser || x->scan.state != XML_SCAN_BETWEEN || x->open != 1 ||
	    x->hold.len || buf_failed(&x->root) || x->root.len > REST_ROOT_MAX)
		return;
	XML_ParserFree(x->parser);
	x->parser = NULL;
	buf_fini(&x->hold);
}

static size_t add_sizes(size_t a, size_t b)
{
	return a > SIZE_MAX / 4 || b > SIZE_MAX / 4 ? SIZE_MAX / 4 : a + b;
}

/* What a stanza may become when its characters are escaped, and a tree of small elements in memory. */
static size_t budget(const struct xml_stream_limits *limits, size_t factor)
{
	size_t bytes = add_sizes(limits->element_bytes, limits->tag_bytes);

	return bytes > SIZE_MAX / 64 ? SIZE_MAX / 4 : bytes * factor + 4096;
}

struct xml_stream *xml_stream_new(const struct xml_stream_events *events, void *context,
				  const struct xml_stream_limits *limits, const char *content_ns)
{
	struct xml_stream *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->events = events;
	x->context = context;
	x->content_ns = strdup(content_ns);
	x->parser = x->content_ns ? make_parser(x) : NULL;
	if (!x->parser) {
		free(x->content_ns);
		free(x);
		return NULL;
	}
	x->limits = *limits;
	xml_scan_init(&x->scan, &x->limits);
	buf_init(&x->hold, 0);
	buf_init(&x->root, BUF_MAX_DEFAULT);
	stanza_writer_init(&x->writer, x->content_ns, 0, limits->name_bytes);
	element_builder_init(&x->builder, 0, limits->name_bytes);
	arena_init(&x->header_arena, 0);
	xml_stream_set_limits(x, limits);
	return x;
}

void xml_stream_set_limits(struct xml_stream *x, const struct xml_stream_limits *limits)
{
	x->limits = *limits;
	x->hold.max = add_sizes(limits->element_bytes, limits->tag_bytes);
	x->header_arena.budget = budget(limits, 2);
	x->builder.arena.budget = budget(limits, 8);
	x->builder.text.max = budget(limits, 2);
	x->builder.name_bytes = limits->name_bytes;
	x->writer.name_bytes = limits->name_bytes;
	stanza_writer_set_budget(&x->writer, budget(limits, 2));
}

void xml_stream_free(struct xml_stream *x)
{
	if (!x)
		return;
	XML_ParserFree(x->parser);
	free(x->content_ns);
	buf_fini(&x->hold);
	buf_fini(&x->root);
	stanza_writer_fini(&x->writer);
	element_builder_fini(&x->builder);
	arena_fini(&x->header_arena);
	free(x);
}

/* --- feeding --- */

static int parser_failure(struct xml_stream *x)
{
	if (x->fail)
		return x->fail;
	switch ((int)XML_GetErrorCode(x->parser)) {
	case XML_ERROR_NO_MEMORY:
		return -FAIL_NO_MEMORY;
	case XML_ERROR_UNDEFINED_ENTITY: /* a reference to any but the predefined ones [RFC6120 11.1] */
		return -FAIL_XML_RESTRICTED;
	default:
		return -FAIL_XML_NOT_WELL_FORMED;
	}
}

static int parse(struct xml_stream *x, const char *data, size_t len)
{
	if (!len)
		return 0;
	x->parsed += len;
	if (!x->headed)
		buf_add(&x->root, data, len);
	if (!x->parser)
		x->parser = next_parser(x);
	if (!x->parser)
		return -FAIL_NO_MEMORY;
	if (XML_Parse(x->parser, data, (int)len, XML_FALSE) != XML_STATUS_OK)
		return parser_failure(x);
	return x->fail;
}

/* Hands the parser what is complete of the LEN bytes, which follow those held, and holds the rest. */
static int pass_on(struct xml_stream *x, const char *data, size_t len)
{
	size_t complete = len - x->scan.held;
	int r;

	if (!x->hold.len) {
		r = parse(x, data, complete);
		if (r || !x->scan.held)
			return r;
		buf_add(&x->hold, data + complete, x->scan.held);
		return buf_failed(&x->hold);
	}
	buf_add(&x->hold, data, len);
	if (x->scan.held || buf_failed(&x->hold))
		return buf_failed(&x->hold);
	r = parse(x, x->hold.data, x->hold.len);
	buf_clear(&x->hold);
	if (x->hold.size > HOLD_KEEP)
		buf_fini(&x->hold);
	return r;
}

/*
 * Where the scanner has seen an end and the parser has not, as at half a character before a '>', nothing may be delivered:
 * it would be what is left of the element before. OPEN elements are due.
 */
static bool agree(struct xml_stream *x, unsigned open)
{
	bool begun = x->begun;

	x->begun = false;
	return begun && x->open == open;
}

static int deliver_header(struct xml_stream *x)
{
	int r;

	if (!agree(x, x->scan.state != XML_SCAN_OVER))
		return -FAIL_XML_NOT_WELL_FORMED;
	if (!x->header.content_ns)
		x->header.content_ns = "";
	x->headed = true;
	r = x->events->header(x->context, &x->header);
	memset(&x->header, 0, sizeof(x->header));
	arena_fini(&x->header_arena);
	if (!r && x->scan.state == XML_SCAN_OVER)
		r = x->events->footer(x->context);
	return r;
}

static int deliver_element(struct xml_stream *x)
{
	struct stanza *stanza;
	int r;

	if (!agree(x, 1))
		return -FAIL_XML_NOT_WELL_FORMED;
	if (x->in_stanza) {
		r = stanza_writer_finish(&x->writer, &stanza);
		if (r)
			return r;
		r = x->events->stanza(x->context, stanza);
		stanza_put(stanza);
	} else {
		r = x->events->element(x->context, x->builder.root);
		element_builder_clear(&x->builder);
	}
	if (!r && x->parsed > PARSER_BYTES && !buf_failed(&x->root))
		renew_parser(x);
	return r;
}

static int deliver(struct xml_stream *x, enum xml_scan_event event)
{
	switch (event) {
	case XML_SCAN_MORE:
	case XML_SCAN_TOKEN:
		return 0;
	case XML_SCAN_HEADER:
		return deliver_header(x);
	case XML_SCAN_ELEMENT:
		return deliver_element(x);
	case XML_SCAN_FOOTER:
		return x->open ? -FAIL_XML_NOT_WELL_FORMED : x->events->footer(x->context);
	}
	return -FAIL_INTERNAL;
}

int xml_stream_feed(struct xml_stream *x, const char *data, size_t len, size_t *eaten)
{
	size_t pos = 0;

	while (pos < len && !x->over) {
		struct xml_scan_run run;
		int scanned = xml_scan_run(&x->scan, data + pos, len - pos, x->hold.len > 0, &run);
		int r = pass_on(x, data + pos + run.skip, run.used - run.skip);
		pos += run.used;
		if (!r)
			r = scanned ? scanned : deliver(x, run.event);
		x->over = r;
	}
	if (eaten)
		*eaten = pos;
	return x->over;
}
