/*
 * xml_name: the expanded names as the parser hands them out: "uri SEP local SEP prefix", "uri SEP local" or "local".
 *
 * The separator is no character of XML: no namespace, whatever its writer does, can contain it.
 */
#ifndef XMPP_XML_NAME_INT_H
#define XMPP_XML_NAME_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define XML_NAME_SEPARATOR '\x1f'

struct xml_name { /* borrowed from the text that was split; the local name alone may lack its NUL */
	const char *uri;
	const char *local;
	const char *prefix;
	size_t uri_len;
	size_t local_len;
	size_t prefix_len;
};

/* Splits NAME. False where the namespace or the qualified name has more than MAX bytes. */
static inline bool xml_name_split(const char *name, size_t max, struct xml_name *out)
{
	const char *p = strchr(name, XML_NAME_SEPARATOR);

	*out = (struct xml_name){ "", name, "", 0, 0, 0 };
	if (!p) {
		out->local_len = strlen(name);
		return out->local_len <= max;
	}
	out->uri = name;
	out->uri_len = (size_t)(p - name);
	out->local = ++p;
	while (*p && *p != XML_NAME_SEPARATOR)
		p++;
	out->local_len = (size_t)(p - out->local);
	if (*p) {
		out->prefix = p + 1;
		out->prefix_len = strlen(p + 1);
	}
	return out->uri_len <= max && out->local_len + out->prefix_len <= max;
}

static inline bool xml_name_in(const struct xml_name *name, const char *uri, size_t len)
{
	return name->uri_len == len && !memcmp(name->uri, uri, len);
}

static inline bool xml_name_is(const struct xml_name *name, const char *local)
{
	return !strncmp(name->local, local, name->local_len) && !local[name->local_len];
}

#endif
