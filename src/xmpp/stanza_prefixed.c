#include <expat.h>

#include "stanza_writer_int.h"

/*
 * The second pass, for the rare stanza that has an element in the content namespace below a changed default namespace.
 * The first pass had to name the content namespace there. Its bytes are read again here, and written with generated
 * prefixes in place of foreign default namespaces, so that the content namespace stays the default everywhere and need
 * not be named. Below an element in no namespace, which can have no prefix, it still is.
 */
struct pass {
	struct stanza_writer writer;
	XML_Parser parser;
	unsigned depth;
	int fail;
};

static void check(struct pass *p, int r)
{
	if (!r)
		return;
	p->fail = r;
	(void)XML_StopParser(p->parser, XML_FALSE);
}

static void XMLCALL on_namespace(void *context, const char *prefix, const char *uri)
{
	struct pass *p = context;

	if (!p->fail && p->depth)
		check(p, stanza_writer_namespace(&p->writer, prefix, uri));
}

static void XMLCALL on_start(void *context, const char *name, const char **attributes)
{
	struct pass *p = context;
	struct xml_name split;

	if (p->fail || !p->depth++)
		return;
	(void)xml_name_split(name, SIZE_MAX, &split); /* measured in the first pass */
	check(p, stanza_writer_start(&p->writer, &split, attributes));
}

static void XMLCALL on_end(void *context, const char *name)
{
	struct pass *p = context;

	(void)name;
	if (!p->fail && --p->depth)
		check(p, stanza_writer_end(&p->writer));
}

static void XMLCALL on_text(void *context, const char *text, int len)
{
	struct pass *p = context;

	if (!p->fail)
		check(p, stanza_writer_text(&p->writer, text, (size_t)len));
}

static int parse(struct pass *p, const char *data, size_t len)
{
	if (XML_Parse(p->parser, data, (int)len, XML_FALSE) == XML_STATUS_OK)
		return 0;
	if (p->fail)
		return p->fail;
	return XML_GetErrorCode(p->parser) == XML_ERROR_NO_MEMORY ? -FAIL_NO_MEMORY
								  : -FAIL_INTERNAL;
}

static int run(struct pass *p, const struct stanza_writer *w)
{
	struct buf wrapper;
	int r;

	/* a root of the stream's kind, so that what is undeclared is in the content namespace */
	buf_init(&wrapper, SIZE_MAX / 4);
	buf_adds(&wrapper, "<n xmlns='");
	buf_add_xml(&wrapper, w->content, w->content_len);
	buf_adds(&wrapper, "'>");
	r = buf_failed(&wrapper);
	if (!r)
		r = parse(p, wrapper.data, wrapper.len);
	buf_fini(&wrapper);
	if (!r)
		r = parse(p, w->out.data, w->out.len);
	return r;
}

int stanza_prefixed_make(const struct stanza_writer *w, struct stanza **stanza)
{
	struct pass p = { .parser = XML_ParserCreateNS("UTF-8", XML_NAME_SEPARATOR) };
	int r;

	if (!p.parser)
		return -FAIL_NO_MEMORY;
	XML_SetReturnNSTriplet(p.parser, XML_TRUE);
	XML_SetUserData(p.parser, &p);
	XML_SetElementHandler(p.parser, on_start, on_end);
	XML_SetCharacterDataHandler(p.parser, on_text);
	XML_SetStartNamespaceDeclHandler(p.parser, on_namespace);
	stanza_writer_init(&p.writer, w->content, w->out.max, w->name_bytes);
	p.writer.prefixed = true;
	p.writer.first_number = w->first_number;
	p.writer.first_digits = w->first_digits;
	p.writer.layout = w->layout;
	if (w->envelope.len)
		buf_add(&p.writer.envelope, w->envelope.data, w->envelope.len);
	r = run(&p, w);
	if (!r)
		r = stanza_writer_finish(&p.writer, stanza);
	stanza_writer_fini(&p.writer);
	XML_ParserFree(p.parser);
	return r;
}
