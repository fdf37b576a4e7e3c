/*
 * stanza_writer: writes one stanza in its canonical form, straight from the parser's events.
 *
 * Owned by xml_stream, reused for every stanza of a stream; its buffers have a budget. It remembers the prefixes that the
 * header of the stream declared. A stanza that cannot be written in one go (an element in the content namespace below a
 * changed default namespace) is finished by a second pass over its own bytes: see stanza_prefixed.
 */
#ifndef XMPP_STANZA_WRITER_INT_H
#define XMPP_STANZA_WRITER_INT_H

#include "base/buf.h"
#include "stanza_int.h"
#include "xml_name_int.h"

struct stanza_prefix; /* one that the header declared */
struct stanza_writer_level;

struct stanza_default { /* the default namespace in scope of what was written */
	bool content;	/* the one that the stream will have */
	uint32_t uri;	/* else where it lies in namespaces; length 0 = no namespace */
	uint32_t len;
};

struct stanza_writer {
	const char *content; /* the content namespace, borrowed */
	size_t content_len;
	size_t name_bytes;
	struct buf out;
	struct buf envelope;   /* values, each with its NUL */
	struct buf namespaces; /* a stack, with the levels */
	struct buf
		declared; /* a stack of uint32_t: which header prefixes are hidden or written, with the levels */
	struct buf pending;   /* declarations of the element that is about to start, as written */
	struct buf generated; /* a stack of generated prefixes, with the levels */
	struct stanza_layout layout;
	struct stanza_prefix *prefixes; /* owned */
	unsigned prefix_count;
	char *lang;			    /* of the header; owned */
	struct stanza_writer_level *levels; /* owned */
	unsigned depth;
	unsigned room;
	struct stanza_default in_scope;
	struct stanza_default next; /* declared by the element about to start, where has_next */
	size_t declared_at;	    /* heights of the stacks when the last tag was done */
	size_t namespaces_at;
	bool has_next;
	bool tag_open;
	bool mixed;    /* the content namespace had to be named: a second pass is due */
	bool prefixed; /* this is the second pass: no foreign default namespace */
	/* generated prefixes are n<number>; none so named stands in the source */
	uint64_t first_number;
	unsigned
		first_digits; /* of the longest number in the source that is no uint64_t; 0 = none */
};

void stanza_writer_init(struct stanza_writer *w, const char *content, size_t budget,
			size_t name_bytes);
void stanza_writer_fini(struct stanza_writer *w);
void stanza_writer_set_budget(struct stanza_writer *w, size_t budget);
/* Of the stream's header. 0 or -FAIL_NO_MEMORY. */
int stanza_writer_add_prefix(struct stanza_writer *w, const char *prefix,
			     const char *uri) must_check;
int stanza_writer_set_lang(struct stanza_writer *w, const char *lang) must_check;

/* The kind that NAME stands for in the content namespace. */
bool stanza_writer_is_stanza(const struct stanza_writer *w, const struct xml_name *name,
			     enum stanza_kind *kind);
void stanza_writer_begin(struct stanza_writer *w, enum stanza_kind kind);
/* A declaration of the element that starts next; PREFIX NULL = the default, URI NULL = none. 0 or -FAIL_X, as below. */
int stanza_writer_namespace(struct stanza_writer *w, const char *prefix,
			    const char *uri) must_check;
/* Forgets the declarations of an element that is none of the writer's. */
void stanza_writer_discard(struct stanza_writer *w);
/* ATTRIBUTES: name, value, ..., NULL; the names as xml_name_split takes them. */
int stanza_writer_start(struct stanza_writer *w, const struct xml_name *name,
			const char **attributes) must_check;
int stanza_writer_text(struct stanza_writer *w, const char *text, size_t len) must_check;
int stanza_writer_end(struct stanza_writer *w) must_check;
/* Gives the stanza; the writer is ready for the next. */
int stanza_writer_finish(struct stanza_writer *w, struct stanza **stanza) must_check;

/* For stanza_attributes.c: a declaration, a qualified name, a prefix that only the stream's header declares. To avoid a
 * prefix keeps generated ones, which are 'n' and a number, apart from it; all that the stanza uses have to be. */
void stanza_writer_add_declaration(struct buf *b, const char *prefix, const char *uri);
void stanza_writer_add_name(struct buf *b, const struct xml_name *name);
void stanza_writer_avoid(struct stanza_writer *w, const char *prefix);
void stanza_writer_need_prefix(struct stanza_writer *w, const struct xml_name *name);

/* stanza_attributes.c: the attributes of a tag; those of the ROOT also for the envelope. 0 or -FAIL_X. */
int stanza_writer_attributes(struct stanza_writer *w, const char **attributes,
			     bool root) must_check;

/* stanza_prefixed.c: the second pass over the finished bytes of W. */
int stanza_prefixed_make(const struct stanza_writer *w, struct stanza **stanza) must_check;

#endif
