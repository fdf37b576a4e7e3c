#include "stanza_writer_int.h"

#include <stdlib.h>
#include <string.h>

#include "xml_text_int.h"

#define KEEP_BYTES 8192 /* what an idle stream may keep of a buffer */

struct stanza_prefix {
	char *prefix; /* with the namespace behind its NUL; owned */
	const char *uri;
	unsigned
		in_scope; /* times it was declared again, by the source or by us, around the place being written */
};

struct stanza_writer_level {
	size_t name; /* as written, in out */
	size_t name_len;
	struct stanza_default in_scope; /* what to go back to */
	size_t declared;
	size_t namespaces;
	size_t generated;
};

struct generated {    /* a generated prefix in scope; its number is its place */
	uint32_t uri; /* in namespaces */
	uint32_t len;
};

void stanza_writer_init(struct stanza_writer *w, const char *content, size_t budget,
			size_t name_bytes)
{
	memset(w, 0, sizeof(*w));
	w->content = content;
	w->content_len = strlen(content);
	w->name_bytes = name_bytes;
	w->in_scope.content = true;
	stanza_writer_set_budget(w, budget);
}

void stanza_writer_set_budget(struct stanza_writer *w, size_t budget)
{
	if (budget > UINT32_MAX / 2)
		budget = UINT32_MAX / 2;
	w->out.max = w->envelope.max = w->namespaces.max = w->declared.max = budget;
	w->pending.max = w->generated.max = budget;
}

void stanza_writer_fini(struct stanza_writer *w)
{
	unsigned i;

	for (i = 0; i < w->prefix_count; i++)
		free(w->prefixes[i].prefix);
	free(w->prefixes);
	free(w->levels);
	free(w->lang);
	buf_fini(&w->out);
	buf_fini(&w->envelope);
	buf_fini(&w->namespaces);
	buf_fini(&w->declared);
	buf_fini(&w->pending);
	buf_fini(&w->generated);
}

int stanza_writer_add_prefix(struct stanza_writer *w, const char *prefix, const char *uri)
{
	size_t prefix_len = strlen(prefix), uri_len = strlen(uri);
	struct stanza_prefix *p;

	p = realloc(w->prefixes, (w->prefix_count + 1) * sizeof(*p));
	if (!p)
		return -FAIL_NO_MEMORY;
	w->prefixes = p;
	p += w->prefix_count;
	p->prefix = malloc(prefix_len + uri_len + 2);
	if (!p->prefix)
		return -FAIL_NO_MEMORY;
	memcpy(p->prefix, prefix, prefix_len + 1);
	p->uri = memcpy(p->prefix + prefix_len + 1, uri, uri_len + 1);
	p->in_scope = 0;
	w->prefix_count++;
	return 0;
}

int stanza_writer_set_lang(struct stanza_writer *w, const char *lang)
{
	w->lang = strdup(lang);
	return w->lang ? 0 : -FAIL_NO_MEMORY;
}

bool stanza_writer_is_stanza(const struct stanza_writer *w, const struct xml_name *name,
			     enum stanza_kind *kind)
{
	if (!xml_name_in(name, w->content, w->content_len))
		return false;
	for (*kind = STANZA_MESSAGE; *kind <= STANZA_IQ; ++*kind) {
		if (xml_name_is(name, stanza_kind_str(*kind)))
			return true;
	}
	return false;
}

void stanza_writer_begin(struct stanza_writer *w, enum stanza_kind kind)
{
	memset(&w->layout, 0, sizeof(w->layout));
	w->layout.kind = kind;
}

static int outcome(const struct stanza_writer *w)
{
	enum fail fail = w->out.fail;

	if (!(fail | w->envelope.fail | w->namespaces.fail | w->declared.fail | w->pending.fail |
	      w->generated.fail))
		return 0;
	if (!fail)
		fail = w->envelope.fail;
	if (!fail)
		fail = w->namespaces.fail;
	if (!fail)
		fail = w->declared.fail;
	if (!fail)
		fail = w->pending.fail;
	if (!fail)
		fail = w->generated.fail;
	return fail == FAIL_BUDGET ? -FAIL_XML_TOO_BIG : -(int)fail;
}

/* --- prefixes --- */

static struct stanza_prefix *header_prefix(struct stanza_writer *w, const char *prefix)
{
	unsigned i;

	for (i = 0; i < w->prefix_count; i++) {
		if (!strcmp(w->prefixes[i].prefix, prefix))
			return &w->prefixes[i];
	}
	return NULL;
}

static void mark_declared(struct stanza_writer *w, struct stanza_prefix *p)
{
	uint32_t index = (uint32_t)(p - w->prefixes);

	p->in_scope++;
	xml_text_put(&w->declared, &index, sizeof(index));
}

static void forget_declared(struct stanza_writer *w, size_t height)
{
	uint32_t index;

	while (w->declared.len > height) {
		w->declared.len -= sizeof(index);
		memcpy(&index, w->declared.data + w->declared.len, sizeof(index));
		w->prefixes[index].in_scope--;
	}
}

void stanza_writer_add_declaration(struct buf *b, const char *prefix, const char *uri)
{
	xml_text_put(b, " xmlns:", 7);
	buf_adds(b, prefix);
	xml_text_put(b, "='", 2);
	xml_text_add_value(b, uri, strlen(uri));
	xml_text_putc(b, '\'');
}

void stanza_writer_avoid(struct stanza_writer *w, const char *prefix)
{
	size_t digits = strspn(prefix + (prefix[0] == 'n'), "0123456789");
	uint64_t number;

	/* the first pass saw all that the second sees; numbers that it has written must not change any more */
	if (w->prefixed || prefix[0] != 'n' || !digits || prefix[1 + digits])
		return;
	if (digits > 18) {
		if (digits > w->first_digits)
			w->first_digits = (unsigned)digits;
		return;
	}
	number = strtoull(prefix + 1, NULL, 10);
	if (number >= w->first_number)
		w->first_number = number + 1;
}

int stanza_writer_namespace(struct stanza_writer *w, const char *prefix, const char *uri)
{
	size_t len = uri ? strlen(uri) : 0;
	struct stanza_prefix *p;

	if (len > w->name_bytes || (prefix && strlen(prefix) > w->name_bytes))
		return -FAIL_XML_ATTRIBUTES;
	if (!prefix) {
		w->has_next = true;
		w->next.content = len == w->content_len && !memcmp(uri, w->content, len);
		w->next.uri = (uint32_t)w->namespaces.len;
		w->next.len = (uint32_t)len;
		xml_text_put(&w->namespaces, len ? uri : "", len + 1);
		return outcome(w);
	}
	if (!strcmp(prefix, "xml"))
		return 0;
	p = header_prefix(w, prefix);
	if (p)
		mark_declared(w, p);
	stanza_writer_avoid(w, prefix);
	if (len != w->content_len || memcmp(uri, w->content, len))
		stanza_writer_add_declaration(&w->pending, prefix, uri);
	return outcome(w);
}

/* --- the default namespace and generated prefixes --- */

/* Puts URI on the stack of namespaces, unless it is there as the default that was just declared. */
static uint32_t keep_namespace(struct stanza_writer *w, const char *uri, size_t len)
{
	size_t at = w->namespaces.len;

	if (w->has_next && w->next.len == len &&
	    !memcmp(w->namespaces.data + w->next.uri, uri, len))
		return w->next.uri;
	xml_text_put(&w->namespaces, uri, len);
	xml_text_putc(&w->namespaces, '\0');
	return (uint32_t)at;
}

/* Brings the namespace into scope as the default, by a declaration where it is not. */
static void need_default(struct stanza_writer *w, const char *uri, size_t len)
{
	struct stanza_default *d = &w->in_scope;

	if (!d->content && d->len == len && !memcmp(w->namespaces.data + d->uri, uri, len))
		return;
	d->content = false;
	d->uri = keep_namespace(w, uri, len);
	d->len = (uint32_t)len;
	if (w->namespaces.fail)
		return;
	(void)xml_text_add_attribute(&w->out, "xmlns", 5, w->namespaces.data + d->uri);
}

/* The content namespace cannot be named without tying the stanza to one kind of stream. */
static void need_content(struct stanza_writer *w)
{
	if (w->in_scope.content)
		return;
	w->in_scope.content = true;
	w->mixed = true;
	(void)xml_text_add_attribute(&w->out, "xmlns", 5, w->content);
}

/* The generated prefix for a namespace; a new one is put on the stack. */
static size_t generated_for(struct stanza_writer *w, const char *uri, size_t len)
{
	size_t count = w->generated.len / sizeof(struct generated), i;
	struct generated g;

	for (i = count; i-- > 0;) {
		memcpy(&g, w->generated.data + i * sizeof(g), sizeof(g));
		if (g.len == len && !memcmp(w->namespaces.data + g.uri, uri, len))
			return i;
	}
	g.uri = keep_namespace(w, uri, len);
	g.len = (uint32_t)len;
	xml_text_put(&w->generated, &g, sizeof(g));
	return count;
}

static void add_generated(struct stanza_writer *w, size_t index)
{
	if (w->first_digits) /* longer than any of the source */
		buf_addf(&w->out, "n1%0*llu", (int)w->first_digits,
			 (unsigned long long)(w->first_number + index));
	else
		buf_addf(&w->out, "n%llu", (unsigned long long)(w->first_number + index));
}

/* --- tags --- */

static void close_tag(struct stanza_writer *w)
{
	if (!w->tag_open)
		return;
	xml_text_putc(&w->out, '>');
	w->tag_open = false;
}

static struct stanza_writer_level *push(struct stanza_writer *w)
{
	struct stanza_writer_level *levels;
	unsigned room = w->room ? w->room * 2 : 8;

	if (w->depth == w->room) {
		levels = realloc(w->levels, room * sizeof(*levels));
		if (!levels)
			return NULL;
		w->levels = levels;
		w->room = room;
	}
	return &w->levels[w->depth++];
}

void stanza_writer_add_name(struct buf *b, const struct xml_name *name)
{
	if (name->prefix_len) {
		xml_text_put(b, name->prefix, name->prefix_len);
		xml_text_putc(b, ':');
	}
	xml_text_put(b, name->local, name->local_len);
}

void stanza_writer_need_prefix(struct stanza_writer *w, const struct xml_name *name)
{
	struct stanza_prefix *p = header_prefix(w, name->prefix);

	if (!p || p->in_scope)
		return;
	mark_declared(w, p);
	stanza_writer_avoid(w, p->prefix);
	stanza_writer_add_declaration(&w->out, p->prefix, p->uri);
}

/* The number of the generated prefix that the element, or the default namespace it declares, has to have; -1 = none. */
static long choose_generated(struct stanza_writer *w, const struct xml_name *name, bool content)
{
	if (!w->prefixed || content)
		return -1;
	if (name->uri_len && !name->prefix_len)
		return (long)generated_for(w, name->uri, name->uri_len);
	if (w->has_next && !w->next.content && w->next.len)
		(void)generated_for(w, w->namespaces.data + w->next.uri, w->next.len);
	return -1;
}

static void declare_generated(struct stanza_writer *w)
{
	size_t index = w->generated.len / sizeof(struct generated) - 1;
	struct generated g;

	if (w->namespaces.fail || w->generated.fail)
		return;
	memcpy(&g, w->generated.data + index * sizeof(g), sizeof(g));
	xml_text_put(&w->out, " xmlns:", 7);
	add_generated(w, index);
	xml_text_put(&w->out, "='", 2);
	xml_text_add_value(&w->out, w->namespaces.data + g.uri, g.len);
	xml_text_putc(&w->out, '\'');
}

/* The name, and what it takes to have it in its namespace. */
static void start_name(struct stanza_writer *w, const struct xml_name *name,
		       struct stanza_writer_level *level)
{
	bool content = xml_name_in(name, w->content, w->content_len);
	size_t before = w->generated.len;
	long generated = choose_generated(w, name, content);

	level->name = w->out.len;
	if (generated >= 0) {
		add_generated(w, (size_t)generated);
		xml_text_putc(&w->out, ':');
	}
	if (content)
		xml_text_put(&w->out, name->local, name->local_len);
	else
		stanza_writer_add_name(&w->out, name);
	level->name_len = w->out.len - level->name;

	if (content)
		need_content(w);
	else if (!name->uri_len || (!name->prefix_len && !w->prefixed))
		need_default(w, name->uri, name->uri_len);
	else if (w->has_next && !w->next.content && !w->prefixed)
		need_default(w, w->namespaces.data + w->next.uri, w->next.len);
	if (w->generated.len > before)
		declare_generated(w);
	if (w->pending.len)
		xml_text_put(&w->out, w->pending.data, w->pending.len);
	if (name->prefix_len && !content)
		stanza_writer_need_prefix(w, name);
}

/* --- the events --- */

int stanza_writer_start(struct stanza_writer *w, const struct xml_name *name,
			const char **attributes)
{
	struct stanza_writer_level *level = push(w);
	bool root = w->depth == 1 && !w->prefixed;
	int r;

	if (!level)
		return -FAIL_NO_MEMORY;
	level->in_scope = w->in_scope;
	level->declared = w->declared_at;
	level->namespaces = w->namespaces_at;
	level->generated = w->generated.len;
	close_tag(w);
	xml_text_putc(&w->out, '<');
	start_name(w, name, level);
	r = stanza_writer_attributes(w, attributes, root);
	if (r)
		return r;
	w->tag_open = true;
	w->has_next = false;
	w->pending.len = 0;
	w->declared_at = w->declared.len;
	w->namespaces_at = w->namespaces.len;
	return outcome(w);
}

int stanza_writer_text(struct stanza_writer *w, const char *text, size_t len)
{
	close_tag(w);
	xml_text_add(&w->out, text, len);
	return outcome(w);
}

int stanza_writer_end(struct stanza_writer *w)
{
	struct stanza_writer_level *level = &w->levels[--w->depth];
	char *to = xml_text_room(&w->out, level->name_len + 3);

	if (!to)
		return outcome(w);
	if (w->tag_open) {
		xml_text_put(&w->out, "/>", 2);
		w->tag_open = false;
	} else {
		xml_text_put(&w->out, "</", 2);
		memcpy(to + 2, w->out.data + level->name, level->name_len);
		w->out.len += level->name_len;
		xml_text_putc(&w->out, '>');
	}
	w->in_scope = level->in_scope;
	w->namespaces_at = w->namespaces.len = level->namespaces;
	w->generated.len = level->generated;
	forget_declared(w, level->declared);
	w->declared_at = level->declared;
	return 0;
}

static inline void clear(struct buf *b)
{
	b->len = 0;
	if (b->size > KEEP_BYTES)
		buf_fini(b);
}

void stanza_writer_discard(struct stanza_writer *w)
{
	forget_declared(w, 0);
	clear(&w->namespaces);
	clear(&w->pending);
	w->has_next = false;
	w->first_number = 0;
	w->first_digits = 0;
}

int stanza_writer_finish(struct stanza_writer *w, struct stanza **stanza)
{
	int r = outcome(w);

	*stanza = NULL;
	if (!r && w->mixed && !w->prefixed) {
		r = stanza_prefixed_make(w, stanza);
	} else if (!r) {
		*stanza = stanza_make(&w->layout, &w->envelope, &w->out);
		r = *stanza ? 0 : -FAIL_NO_MEMORY;
	}
	clear(&w->out);
	clear(&w->envelope);
	clear(&w->namespaces);
	clear(&w->declared);
	clear(&w->generated);
	clear(&w->pending);
	w->mixed = false;
	w->first_number = 0;
	w->first_digits = 0;
	return r;
}
