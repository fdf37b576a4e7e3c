#include "config/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define TREE_MAX ((size_t)160 << 20) /* a node takes more bytes than the text it came from */

struct frame {
	struct node *node;
	struct node *key; /* of a map: the one that waits for its value */
};

struct builder {
	yaml_parser_t parser;
	struct document *d;
	struct diags *diags;
	struct frame stack[DOCUMENT_DEPTH];
	int depth;
	int documents;
	bool ended;
};

static struct place place_of(const struct builder *b, const yaml_mark_t *mark)
{
	struct place at = b->d->at;

	at.line = (int)mark->line + 1;
	at.column = (int)mark->column + 1;
	return at;
}

static bool is_start(unsigned char c)
{
	return (c & 0xc0) != 0x80;
}

/* A reader's error has an offset in bytes, but no line. */
static struct place place_of_offset(const struct builder *b, const char *data, size_t offset)
{
	struct place at = b->d->at;
	size_t i;

	at.line = 1;
	at.column = 1;
	for (i = 0; i < offset; i++) {
		if (data[i] == '\n') {
			at.line++;
			at.column = 1;
		} else if (is_start((unsigned char)data[i])) {
			at.column++;
		}
	}
	return at;
}

/* What the parser's words leave to guess. */
static const char *hint(const char *problem, const char *context)
{
	if (strstr(problem, "cannot start any token"))
		return "; indent with spaces, not tabs, and quote what begins with a special "
		       "character";
	if (strstr(context, "scanning an alias"))
		return "; quote what begins with `*`";
	if (strstr(context, "scanning an anchor"))
		return "; quote what begins with `&`";
	if (strstr(context, "parsing a flow node"))
		return "; is a bracket or brace not quoted, or not closed?";
	return "";
}

static int syntax_error(const struct builder *b, const char *data, size_t len)
{
	const yaml_parser_t *p = &b->parser;
	const char *problem = p->problem ? p->problem : "it cannot be parsed";
	const char *context = p->context ? p->context : "";
	char begun[64] = "";
	size_t offset = p->problem_offset < len ? p->problem_offset : len;
	struct place at;

	if (p->error == YAML_READER_ERROR) {
		at = place_of_offset(b, data, offset);
		diags_add(b->diags, SEVERITY_ERROR, &at, "this is not YAML in UTF-8: %s", problem);
		return -FAIL_CONFIG;
	}
	at = place_of(b, &p->problem_mark);
	if (p->context && p->context_mark.line < p->problem_mark.line)
		snprintf(begun, sizeof(begun), " that begins in line %zu",
			 p->context_mark.line + 1);
	diags_add(b->diags, SEVERITY_ERROR, &at, "this is not YAML: %s%s%s%s%s", problem,
		  *context ? " " : "", context, begun, hint(problem, context));
	return -FAIL_CONFIG;
}

/* Neither a terminal nor a path should ever see these. C1 controls are c2 80 to c2 9f. */
static bool has_control(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			return true;
		if (c == 0xc2 && i + 1 < len && (unsigned char)text[i + 1] < 0xa0)
			return true;
	}
	return false;
}

static void refuse(struct builder *b, struct node *node, const yaml_mark_t *mark, const char *text)
{
	struct place at = place_of(b, mark);

	diags_add(b->diags, SEVERITY_ERROR, &at, "%s", text);
	if (node)
		node->refused = true;
}

static void append(struct node *parent, struct node *child)
{
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
}

/* Gives NODE its place in the tree. */
static void attach(struct builder *b, struct node *node, const yaml_mark_t *mark)
{
	struct frame *f = b->depth ? &b->stack[b->depth - 1] : NULL;

	if (!f) {
		b->d->root = node;
	} else if (f->node->kind == NODE_LIST) {
		append(f->node, node);
	} else if (f->key) {
		f->key->value = node;
		f->key = NULL;
	} else {
		if (node->kind != NODE_SCALAR)
			refuse(b, node, mark, "a key must be a single word, not a list or a map");
		append(f->node, node);
		f->key = node;
	}
}

static struct node *new_node(struct builder *b, enum node_kind kind, const yaml_event_t *event)
{
	struct node *node = arena_alloc(&b->d->arena, sizeof(*node));

	if (!node)
		return NULL;
	node->kind = kind;
	node->line = (int)event->start_mark.line + 1;
	node->column = (int)event->start_mark.column + 1;
	node->text = "";
	return node;
}

static int too_big(struct builder *b, const yaml_event_t *event)
{
	refuse(b, NULL, &event->start_mark, "the file has too many values");
	return -FAIL_CONFIG;
}

static int on_scalar(struct builder *b, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	struct node *node = new_node(b, NODE_SCALAR, event);

	if (!node)
		return too_big(b, event);
	node->empty = !len && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (event->data.scalar.anchor)
		refuse(b, node, &event->start_mark, "anchors are not allowed here");
	if (event->data.scalar.tag)
		refuse(b, node, &event->start_mark, "tags are not allowed here");
	if (has_control(text, len)) {
		refuse(b, node, &event->start_mark, "the text contains a control character");
	} else {
		node->text = arena_strndup(&b->d->arena, text, len);
		if (!node->text)
			return too_big(b, event);
	}
	attach(b, node, &event->start_mark);
	return 0;
}

static int on_alias(struct builder *b, const yaml_event_t *event)
{
	struct node *node = new_node(b, NODE_SCALAR, event);

	if (!node)
		return too_big(b, event);
	refuse(b, node, &event->start_mark, "aliases are not allowed here");
	attach(b, node, &event->start_mark);
	return 0;
}

static int on_start(struct builder *b, const yaml_event_t *event, enum node_kind kind)
{
	const yaml_char_t *anchor = kind == NODE_MAP ? event->data.mapping_start.anchor
						     : event->data.sequence_start.anchor;
	const yaml_char_t *tag =
		kind == NODE_MAP ? event->data.mapping_start.tag : event->data.sequence_start.tag;
	struct node *node;

	if (b->depth == DOCUMENT_DEPTH) {
		refuse(b, NULL, &event->start_mark, "lists and maps are nested too deeply");
		return -FAIL_CONFIG;
	}
	node = new_node(b, kind, event);
	if (!node)
		return too_big(b, event);
	if (anchor)
		refuse(b, node, &event->start_mark, "anchors are not allowed here");
	if (tag)
		refuse(b, node, &event->start_mark, "tags are not allowed here");
	attach(b, node, &event->start_mark);
	b->stack[b->depth++] = (struct frame){ node, NULL };
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;
	int rc = strcmp(x->text, y->text);

	if (rc)
		return rc;
	if (x->line != y->line)
		return x->line - y->line;
	return x->column - y->column;
}

/* Reports each key of the map that was there before. */
static void find_repeated(struct builder *b, const struct node *map)
{
	struct node **keys, *key;
	size_t count = 0, n = 0, i;
	char quote[QUOTE_SIZE];

	for (key = map->first; key; key = key->next)
		count++;
	if (count < 2)
		return;
	keys = mem_new(count * sizeof(struct node *));
	for (key = map->first; key; key = key->next)
		if (!key->refused)
			keys[n++] = key;
	qsort(keys, n, sizeof(struct node *), compare_keys);
	for (i = 1; i < n; i++) {
		struct place at = document_place(b->d, keys[i]);
		if (strcmp(keys[i - 1]->text, keys[i]->text))
			continue;
		diags_add(b->diags, SEVERITY_ERROR, &at, "%s is already set in line %d",
			  diag_quote(keys[i]->text, quote), keys[i - 1]->line);
		keys[i]->refused = true;
	}
	free(keys);
}

static int on_document(struct builder *b, const yaml_event_t *event)
{
	if (++b->documents == 1)
		return 0;
	refuse(b, NULL, &event->start_mark,
	       "a second document begins here; a file may hold only one");
	b->ended = true;
	return 0;
}

static int on_event(struct builder *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return 0;
	case YAML_STREAM_END_EVENT:
		b->ended = true;
		return 0;
	case YAML_DOCUMENT_START_EVENT:
		return on_document(b, event);
	case YAML_ALIAS_EVENT:
		return on_alias(b, event);
	case YAML_SCALAR_EVENT:
		return on_scalar(b, event);
	case YAML_SEQUENCE_START_EVENT:
		return on_start(b, event, NODE_LIST);
	case YAML_MAPPING_START_EVENT:
		return on_start(b, event, NODE_MAP);
	case YAML_MAPPING_END_EVENT:
		find_repeated(b, b->stack[b->depth - 1].node);
		b->depth--;
		return 0;
	case YAML_SEQUENCE_END_EVENT:
		b->depth--;
		return 0;
	}
	return -FAIL_INTERNAL;
}

static int build(struct builder *b, const char *data, size_t len)
{
	int rc = 0;

	/* said outright: a byte order mark must not make it UTF-16 */
	yaml_parser_set_encoding(&b->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b->parser, (const unsigned char *)data, len);
	while (!rc && !b->ended) {
		yaml_event_t event;
		if (!yaml_parser_parse(&b->parser, &event))
			return syntax_error(b, data, len);
		rc = on_event(b, &event);
		yaml_event_delete(&event);
	}
	return rc;
}

int document_parse(struct document *d, const struct place *at, const char *data, size_t len,
		   struct diags *diags)
{
	struct builder b;
	int rc;

	memset(&b, 0, sizeof(b));
	memset(d, 0, sizeof(*d));
	d->at = *at;
	arena_init(&d->arena, TREE_MAX);
	b.d = d;
	b.diags = diags;
	if (!yaml_parser_initialize(&b.parser))
		abort();
	rc = build(&b, data, len);
	yaml_parser_delete(&b.parser);
	if (rc)
		d->root = NULL;
	return rc;
}

void document_fini(struct document *d)
{
	arena_fini(&d->arena);
	d->root = NULL;
}

struct place document_place(const struct document *d, const struct node *node)
{
	struct place at = d->at;

	at.line = node->line;
	at.column = node->column;
	return at;
}

const char *node_kind_str(enum node_kind kind)
{
	static const char *const names[] = {
		[NODE_SCALAR] = "a single value",
		[NODE_LIST] = "a list",
		[NODE_MAP] = "a map",
	};
	return names[kind];
}
