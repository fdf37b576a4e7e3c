#include "xmpp/element.h"

#include <string.h>

bool element_is(const struct element *e, const char *ns, const char *name)
{
	return !strcmp(e->name, name) && !strcmp(e->ns, ns);
}

const char *element_attribute(const struct element *e, const char *name)
{
	const struct element_attribute *a;

	for (a = e->attributes; a; a = a->next) {
		if (!*a->ns && !strcmp(a->name, name))
			return a->value;
	}
	return NULL;
}

const struct element *element_child(const struct element *e, const char *ns, const char *name)
{
	const struct element *child;

	for (child = e->children; child; child = child->next) {
		if (!strcmp(child->name, name) && (!ns || !strcmp(child->ns, ns)))
			return child;
	}
	return NULL;
}
