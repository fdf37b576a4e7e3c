/* The attributes of stanza_writer: what their prefixes need, the envelope, xml:lang. */
#include <string.h>

#include "stanza_writer_int.h"
#include "xml_text_int.h"
#include "xmpp/ns.h"

/*
 * An attribute in the content namespace cannot be mapped; it keeps its namespace, declared where it is used. NAME is that
 * of the attribute at INDEX.
 */
static void declare_content(struct stanza_writer *w, const char **attributes, size_t index,
			    const struct xml_name *name)
{
	struct xml_name other;
	size_t i;

	for (i = 0; i < index; i += 2) { /* the same prefix, declared already? */
		(void)xml_name_split(attributes[i], w->name_bytes, &other);
		if (other.prefix_len == name->prefix_len && !strcmp(other.prefix, name->prefix))
			return;
	}
	stanza_writer_avoid(w, name->prefix);
	stanza_writer_add_declaration(&w->out, name->prefix, w->content);
}

/* What the prefixes of attributes need: those of the header first, so that writing it all again changes nothing. */
static int declare_attributes(struct stanza_writer *w, const char **attributes)
{
	struct xml_name name;
	bool content = false;
	size_t i;

	for (i = 0; attributes[i]; i += 2) {
		if (!xml_name_split(attributes[i], w->name_bytes, &name))
			return -FAIL_XML_ATTRIBUTES;
		if (!name.prefix_len || !strcmp(name.prefix, "xml"))
			continue;
		if (xml_name_in(&name, w->content, w->content_len))
			content = true;
		else
			stanza_writer_need_prefix(w, &name);
	}
	for (i = 0; content && attributes[i]; i += 2) {
		if (xml_name_split(attributes[i], w->name_bytes, &name) && name.prefix_len &&
		    xml_name_in(&name, w->content, w->content_len))
			declare_content(w, attributes, i, &name);
	}
	return 0;
}

static uint32_t *envelope_field(struct stanza_layout *layout, const char *name, size_t len)
{
	if (len == 4 && !memcmp(name, "from", 4))
		return &layout->from;
	if (len == 4 && !memcmp(name, "type", 4))
		return &layout->type;
	if (len == 2 && !memcmp(name, "to", 2))
		return &layout->to;
	return len == 2 && !memcmp(name, "id", 2) ? &layout->id : NULL;
}

static void add_to_envelope(struct stanza_writer *w, const char *name, size_t name_len,
			    const char *value, size_t len)
{
	uint32_t *field = envelope_field(&w->layout, name, name_len);

	if (!field)
		return;
	*field = (uint32_t)w->envelope.len + 1;
	xml_text_put(&w->envelope, value, len + 1);
}

/* The usual case in one pass: no attribute has a prefix. False where one has; what was written is then taken back. */
static bool add_plain_attributes(struct stanza_writer *w, const char **attributes, bool root)
{
	size_t before = w->out.len;

	for (; *attributes; attributes += 2) {
		const char *name = attributes[0], *p = name;
		size_t len;
		while ((unsigned char)*p > XML_NAME_SEPARATOR)
			p++;
		if (*p || (size_t)(p - name) > w->name_bytes) {
			w->out.len = before;
			if (root)
				w->envelope.len = 0;
			return false;
		}
		len = xml_text_add_attribute(&w->out, name, (size_t)(p - name), attributes[1]);
		if (root)
			add_to_envelope(w, name, (size_t)(p - name), attributes[1], len);
	}
	return true;
}

static void add_attributes(struct stanza_writer *w, const char **attributes, bool root)
{
	struct xml_name name;

	for (; *attributes; attributes += 2) {
		size_t len = strlen(attributes[1]);
		(void)xml_name_split(attributes[0], w->name_bytes, &name);
		if (root && !name.uri_len)
			add_to_envelope(w, name.local, name.local_len, attributes[1], len);
		xml_text_putc(&w->out, ' ');
		stanza_writer_add_name(&w->out, &name);
		xml_text_put(&w->out, "='", 2);
		xml_text_add_value(&w->out, attributes[1], len);
		xml_text_putc(&w->out, '\'');
	}
}

static bool has_lang(const char **attributes)
{
	static const char lang[] = NS_XML "\x1f"
					  "lang";

	for (; *attributes; attributes += 2) {
		if (!strncmp(attributes[0], lang, sizeof(lang) - 1) &&
		    (attributes[0][sizeof(lang) - 1] == XML_NAME_SEPARATOR ||
		     !attributes[0][sizeof(lang) - 1]))
			return true;
	}
	return false;
}

int stanza_writer_attributes(struct stanza_writer *w, const char **attributes, bool root)
{
	if (!add_plain_attributes(w, attributes, root)) {
		int r = declare_attributes(w, attributes);
		if (r)
			return r;
		add_attributes(w, attributes, root);
	}
	if (root && w->lang && !has_lang(attributes)) /* [RFC6120 8.1.5] */
		(void)xml_text_add_attribute(&w->out, "xml:lang", 8, w->lang);
	return 0;
}
