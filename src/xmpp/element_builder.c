#include "element_builder_int.h"

#include <stdlib.h>
#include <string.h>

#include "xml_name_int.h"

struct element_builder_level {
	struct element *element;
	struct element *last; /* child */
	size_t text;	      /* where its text begins */
};

void element_builder_init(struct element_builder *b, size_t budget, size_t name_bytes)
{
	memset(b, 0, sizeof(*b));
	arena_init(&b->arena, budget);
	buf_init(&b->text, budget);
	b->name_bytes = name_bytes;
}

void element_builder_fini(struct element_builder *b)
{
	arena_fini(&b->arena);
	buf_fini(&b->text);
	free(b->levels);
	b->levels = NULL;
	b->root = NULL;
	b->depth = b->room = 0;
}

void element_builder_clear(struct element_builder *b)
{
	element_builder_fini(
		b); /* elements are rare once a stream is open: an idle one keeps nothing */
}

static struct element_builder_level *push(struct element_builder *b)
{
	struct element_builder_level *levels;
	unsigned room = b->room ? b->room * 2 : 8;

	if (b->depth == b->room) {
		levels = realloc(b->levels, room * sizeof(*levels));
		if (!levels)
			return NULL;
		b->levels = levels;
		b->room = room;
	}
	return &b->levels[b->depth++];
}

/* The namespace as a text of the arena, shared with the parent where it is the same. */
static const char *namespace_of(struct element_builder *b, const struct xml_name *name,
				const struct element *parent)
{
	if (!name->uri_len)
		return "";
	if (parent && !strncmp(parent->ns, name->uri, name->uri_len) && !parent->ns[name->uri_len])
		return parent->ns;
	return arena_strndup(&b->arena, name->uri, name->uri_len);
}

static int add_attributes(struct element_builder *b, struct element *e, const char **attributes)
{
	struct element_attribute **next = &e->attributes;
	struct xml_name name;

	for (; *attributes; attributes += 2) {
		struct element_attribute *a = arena_alloc(&b->arena, sizeof(*a));
		if (!xml_name_split(attributes[0], b->name_bytes, &name))
			return -FAIL_XML_ATTRIBUTES;
		if (!a)
			return -FAIL_XML_TOO_BIG;
		a->ns = namespace_of(b, &name, NULL);
		a->name = arena_strndup(&b->arena, name.local, name.local_len);
		a->value = arena_strndup(&b->arena, attributes[1], strlen(attributes[1]));
		if (!a->ns || !a->name || !a->value)
			return -FAIL_XML_TOO_BIG;
		*next = a;
		next = &a->next;
	}
	return 0;
}

int element_builder_start(struct element_builder *b, const struct xml_name *name,
			  const char **attributes)
{
	struct element_builder_level *level, *above;
	struct element *e = arena_alloc(&b->arena, sizeof(*e));

	if (!e)
		return -FAIL_XML_TOO_BIG;
	level = push(b);
	if (!level)
		return -FAIL_NO_MEMORY;
	above = b->depth > 1 ? level - 1 : NULL;
	*level = (struct element_builder_level){ .element = e, .text = b->text.len };
	e->ns = namespace_of(b, name, above ? above->element : NULL);
	e->name = arena_strndup(&b->arena, name->local, name->local_len);
	e->text = "";
	if (!e->ns || !e->name)
		return -FAIL_XML_TOO_BIG;
	if (!above)
		b->root = e;
	else if (above->last)
		above->last->next = e;
	else
		above->element->children = e;
	if (above)
		above->last = e;
	return add_attributes(b, e, attributes);
}

int element_builder_text(struct element_builder *b, const char *text, size_t len)
{
	buf_add(&b->text, text, len);
	return buf_failed(&b->text) == -FAIL_BUDGET ? -FAIL_XML_TOO_BIG : buf_failed(&b->text);
}

int element_builder_end(struct element_builder *b)
{
	struct element_builder_level *level = &b->levels[--b->depth];
	size_t len = b->text.len - level->text;

	if (!len)
		return 0;
	level->element->text_len = len;
	level->element->text = arena_strndup(&b->arena, b->text.data + level->text, len);
	b->text.len = level->text;
	return level->element->text ? 0 : -FAIL_XML_TOO_BIG;
}
