#include "config/value.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define PORT_XMPP 5269
#define PORT_DNS 53
#define LINK_NAME_MAX 64
#define URI_MAX 1000

/* What is being read. */
struct source {
	const struct schema_key *key;
	const struct document *d;
	struct diags *diags;
};

static void *field_of(const struct schema_key *key, void *entry)
{
	return (char *)entry + key->offset;
}

/* "`TEXT` WHAT" at the node. */
static bool complain(const struct source *s, const struct node *node, const char *what)
{
	struct place at = document_place(s->d, node);
	char quote[QUOTE_SIZE];

	diags_add(s->diags, SEVERITY_ERROR, &at, "%s %s", diag_quote(node->text, quote), what);
	return false;
}

static bool out_of_range(const struct source *s, const struct node *node)
{
	struct buf text;

	buf_init(&text, BUF_MAX_DEFAULT);
	buf_adds(&text, "is out of range: ");
	value_print_bounds(s->key, &text);
	complain(s, node, buf_str(&text));
	buf_fini(&text);
	return false;
}

/* Is it right in form, and only too large to be counted? */
static bool overflows(const char *text, const char *units)
{
	size_t len = strspn(text, "0123456789");

	return len && (!text[len] || (strchr(units, text[len]) && !text[len + 1]));
}

static bool read_quantity(const struct source *s, const struct node *node, uint64_t *out)
{
	const char *what, *units = "";
	int rc;

	if (s->key->type == SCHEMA_DURATION) {
		units = "smhd";
		rc = str_duration(node->text, out);
		what = "is not a duration: write a number of seconds, or one with s, m, h or d";
	} else if (s->key->type == SCHEMA_BYTES) {
		units = "kM";
		rc = str_bytes(node->text, out);
		what = "is not a size: write a number of bytes, or one with k or M";
	} else {
		rc = str_u64(node->text, out);
		what = s->key->words ? "is neither a whole number nor `auto`"
				     : "is not a whole number";
	}
	if (rc && overflows(node->text, units))
		return out_of_range(s, node);
	if (rc)
		return complain(s, node, what);
	if (*out < s->key->min || *out > s->key->max)
		return out_of_range(s, node);
	return true;
}

static bool read_uint(const struct source *s, const struct node *node, unsigned *out)
{
	uint64_t value;

	if (s->key->words && !strcmp(node->text, s->key->words[0])) {
		*out = 0;
		return true;
	}
	if (!read_quantity(s, node, &value))
		return false;
	*out = (unsigned)value;
	return true;
}

static bool read_bool(const struct source *s, const struct node *node, bool *out)
{
	*out = !strcmp(node->text, "true");
	if (*out || !strcmp(node->text, "false"))
		return true;
	return complain(s, node, "is neither `true` nor `false`");
}

static bool read_word(const struct source *s, const struct node *node, unsigned *out)
{
	const char *const *words = s->key->words;
	const char *meant = schema_nearest(words, node->text);
	struct buf text;
	unsigned i;

	for (i = 0; words[i]; i++) {
		if (strcmp(node->text, words[i]))
			continue;
		*out = i;
		return true;
	}
	buf_init(&text, BUF_MAX_DEFAULT);
	buf_addf(&text, "is not a value of `%s`, which is ", s->key->key);
	for (i = 0; words[i]; i++)
		buf_addf(&text, "%s`%s`", !i ? "" : words[i + 1] ? ", " : " or ", words[i]);
	if (meant)
		buf_addf(&text, "; did you mean `%s`?", meant);
	complain(s, node, buf_str(&text));
	buf_fini(&text);
	return false;
}

char *value_path(const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');
	size_t dir = slash ? (size_t)(slash - file) + 1 : 0;
	char *full;

	if (path[0] == '/')
		dir = 0;
	full = mem_new(dir + strlen(path) + 1);
	memcpy(full, file, dir);
	memcpy(full + dir, path, strlen(path));
	return full;
}

static bool read_path(const struct source *s, const struct node *node, char **out)
{
	if (!node->text[0] || strchr(node->text, '\n'))
		return complain(s, node, "is not a path");
	*out = value_path(s->d->at.file, node->text);
	return true;
}

static bool read_string(const struct source *s, const struct node *node, char **out)
{
	if (strlen(node->text) > s->key->max) {
		struct buf text;
		buf_init(&text, BUF_MAX_DEFAULT);
		buf_adds(&text, "is too long: ");
		value_print_bounds(s->key, &text);
		complain(s, node, buf_str(&text));
		buf_fini(&text);
		return false;
	}
	*out = mem_strdup(node->text);
	return true;
}

static bool read_link(const struct source *s, const struct node *node, char **out)
{
	if (!node->text[0] || strlen(node->text) > LINK_NAME_MAX)
		return complain(s, node, "is not the name of a link");
	*out = mem_strdup(node->text);
	return true;
}

/* An IP address in the form of inet_ntop, without brackets. */
static bool literal(const char *text, size_t len, char out[INET6_ADDRSTRLEN])
{
	char copy[INET6_ADDRSTRLEN];
	unsigned char address[16];
	int family = memchr(text, ':', len) ? AF_INET6 : AF_INET;

	if (str_copy(copy, sizeof(copy), text, len) || inet_pton(family, copy, address) != 1)
		return false;
	return inet_ntop(family, address, out, INET6_ADDRSTRLEN) != NULL;
}

static bool port_of(const char *text, uint16_t *port)
{
	uint64_t value;

	if (str_u64(text, &value) || value < 1 || value > UINT16_MAX)
		return false;
	*port = (uint16_t)value;
	return true;
}

/* "[v6]:port" or "v4:port" */
static bool address_of(const char *text, struct config_address *out)
{
	char host[INET6_ADDRSTRLEN];
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	bool bracket = text[0] == '[';

	if (!len || !port_of(colon + 1, &out->port))
		return false;
	if (bracket && (len < 2 || text[len - 1] != ']'))
		return false;
	if (!literal(text + bracket, len - 2 * bracket, host) || bracket != !!strchr(host, ':'))
		return false;
	out->host = mem_strdup(host);
	return true;
}

static bool server_of(const char *text, struct config_address *out)
{
	char host[INET6_ADDRSTRLEN];
	const char *at = strchr(text, '@');

	out->port = PORT_DNS;
	if (at && !port_of(at + 1, &out->port))
		return false;
	if (!literal(text, at ? (size_t)(at - text) : strlen(text), host))
		return false;
	out->host = mem_strdup(host);
	return true;
}

/* "name", "name:port", "v4", "v4:port", "v6", "[v6]", "[v6]:port"; behind "tls://" or "tcp://" with a port */
static bool host_of(const char *text, struct config_address *out)
{
	char host[JID_DOMAIN_SIZE], ip[INET6_ADDRSTRLEN];
	bool scheme = !strncmp(text, "tls://", 6) || !strncmp(text, "tcp://", 6);
	const char *colon = strrchr(text, ':');
	size_t len;

	out->port = scheme ? 0 : PORT_XMPP;
	out->direct_tls = scheme && text[1] == 'l';
	if (scheme)
		text += 6;
	len = strlen(text);
	if (!scheme && literal(text, len, ip)) {
		out->host = mem_strdup(ip);
		return true;
	}
	if (colon && colon >= text && text[len - 1] != ']') {
		if (!port_of(colon + 1, &out->port))
			return false;
		len = (size_t)(colon - text);
	}
	if (!out->port || jid_domain(text, len, host))
		return false;
	len = strlen(host);
	out->host = host[0] == '[' ? mem_strndup(host + 1, len - 2) : mem_strdup(host);
	return true;
}

static bool read_address(const struct source *s, const struct node *node,
			 struct config_address *out)
{
	if (s->key->type == SCHEMA_SERVERS)
		return server_of(node->text, out) ||
		       complain(s, node,
				"is not an address: write it like 192.0.2.1, 192.0.2.1@53 or "
				"2001:db8::1@53");
	if (s->key->type == SCHEMA_HOST)
		return host_of(node->text, out) ||
		       complain(s, node,
				"is not a host: write it like xmpp.example.org, "
				"xmpp.example.org:5269, 192.0.2.1:5269, [2001:db8::1]:5269 or "
				"tls://xmpp.example.org:5270");
	return address_of(node->text, out) ||
	       complain(s, node,
			"is not an address with a port: write it like 192.0.2.1:5269 or "
			"[2001:db8::1]:5269, the port from 1 to 65535");
}

/* The items of a list that are texts; what else there is is reported. */
static bool list_items(const struct source *s, const struct node *node, size_t *count)
{
	const struct node *item;
	bool good = true;

	*count = 0;
	for (item = node->first; item; item = item->next) {
		struct place at = document_place(s->d, item);
		if (item->refused) {
			good = false;
		} else if (item->kind != NODE_SCALAR || item->empty) {
			diags_add(s->diags, SEVERITY_ERROR, &at,
				  "an item of `%s` must be a single value, and this is %s",
				  s->key->key, item->empty ? "nothing" : node_kind_str(item->kind));
			good = false;
		}
		++*count;
	}
	return good;
}

static bool usable(const struct node *item)
{
	return !item->refused && item->kind == NODE_SCALAR && !item->empty;
}

static bool same_address(const struct config_address *a, const struct config_address *b)
{
	return a->port == b->port && !strcmp(a->host, b->host);
}

#define ADDRESSES_MAX 64

static bool read_addresses(const struct source *s, const struct node *node,
			   struct config_addresses *out)
{
	const struct node *item;
	size_t count, i;
	bool good = list_items(s, node, &count);

	if (count > ADDRESSES_MAX) {
		struct place at = document_place(s->d, node);
		diags_add(s->diags, SEVERITY_ERROR, &at, "`%s` has more than %d items", s->key->key,
			  ADDRESSES_MAX);
		return false;
	}
	out->items = mem_new(count * sizeof(*out->items));
	for (item = node->first; item; item = item->next) {
		struct config_address *a = &out->items[out->count];
		if (!usable(item))
			continue;
		if (!read_address(s, item, a)) {
			good = false;
			continue;
		}
		out->count++;
		for (i = 0; i + 1 < out->count; i++)
			if (same_address(&out->items[i], a))
				good = complain(s, item, "occurs twice in the list");
	}
	return good;
}

bool value_pattern(const char *text, char out[JID_DOMAIN_SIZE + 2])
{
	char ip[INET6_ADDRSTRLEN];
	bool suffix = !strncmp(text, "*.", 2);
	size_t skip = suffix ? 2 : 0;

	memcpy(out, text, skip);
	if (jid_domain(text + skip, strlen(text + skip), out + skip))
		return false;
	/* nothing lies below an address */
	return !suffix || !(out[skip] == '[' || literal(out + skip, strlen(out + skip), ip));
}

static bool read_domains(const struct source *s, const struct node *node, struct config_names *out)
{
	char domain[JID_DOMAIN_SIZE + 2];
	const struct node *item;
	size_t count;
	bool good = list_items(s, node, &count);

	out->items = mem_new(count * sizeof(*out->items));
	out->at = mem_new(count * sizeof(*out->at));
	for (item = node->first; item; item = item->next) {
		if (!usable(item))
			continue;
		if (!value_pattern(item->text, domain)) {
			good = complain(s, item, "is neither a domain nor `*.` and a domain");
			continue;
		}
		out->at[out->count] = document_place(s->d, item);
		out->items[out->count++] = mem_strdup(domain);
	}
	return good;
}

/* scheme ":" anything [RFC3986 3.1]; neither white space nor control characters, and not endless */
static bool is_uri(const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	size_t first = strspn(text, letters), len = strlen(text), i;
	size_t scheme = first + strspn(text + first, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
						     "abcdefghijklmnopqrstuvwxyz"
						     "0123456789+-.");

	if (!first || text[scheme] != ':' || !text[scheme + 1] || len > URI_MAX)
		return false;
	for (i = 0; i < len; i++)
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
			return false;
	return true;
}

static bool read_uris(const struct source *s, const struct node *node, struct config_names *out)
{
	const struct node *item;
	size_t count, i;
	bool good = list_items(s, node, &count);

	if (count > SCHEMA_URIS_MAX) {
		struct place at = document_place(s->d, node);
		diags_add(s->diags, SEVERITY_ERROR, &at, "`%s` has more than %d items", s->key->key,
			  SCHEMA_URIS_MAX);
		return false;
	}
	out->items = mem_new(count * sizeof(*out->items));
	for (item = node->first; item; item = item->next) {
		if (!usable(item))
			continue;
		if (!is_uri(item->text)) {
			good = complain(s, item,
					"is not a URI: write it like mailto:abuse@example.com or "
					"xmpp:admin@example.com");
			continue;
		}
		for (i = 0; i < out->count; i++)
			if (!strcmp(out->items[i], item->text))
				good = complain(s, item, "occurs twice in the list");
		out->items[out->count++] = mem_strdup(item->text);
	}
	return good;
}

/* One path, or several. */
static bool read_paths(const struct source *s, const struct node *node, struct config_names *out)
{
	const struct node *item = node->kind == NODE_LIST ? node->first : node;
	size_t count = 1, i;
	bool good = node->kind != NODE_LIST || list_items(s, node, &count);
	struct place at = document_place(s->d, node);

	if (count > SCHEMA_PATHS_MAX) {
		diags_add(s->diags, SEVERITY_ERROR, &at, "`%s` has more than %d items", s->key->key,
			  SCHEMA_PATHS_MAX);
		return false;
	}
	out->items = mem_new(count * sizeof(*out->items));
	out->at = mem_new(count * sizeof(*out->at));
	for (; item; item = node->kind == NODE_LIST ? item->next : NULL) {
		char *path = NULL;
		if (!usable(item))
			continue;
		if (!read_path(s, item, &path)) {
			good = false;
			continue;
		}
		for (i = 0; i < out->count; i++)
			if (!strcmp(out->items[i], path))
				good = complain(s, item, "occurs twice in the list");
		out->at[out->count] = document_place(s->d, item);
		out->items[out->count++] = path;
	}
	return good;
}

static bool is_list(enum schema_type type)
{
	return type == SCHEMA_ADDRESSES || type == SCHEMA_SERVERS || type == SCHEMA_DOMAINS ||
	       type == SCHEMA_URIS;
}

static bool read_field(const struct source *s, const struct node *node, void *field)
{
	switch (s->key->type) {
	case SCHEMA_STRING:
		return read_string(s, node, field);
	case SCHEMA_PATH:
		return read_path(s, node, field);
	case SCHEMA_PATHS:
		return read_paths(s, node, field);
	case SCHEMA_LINK:
		return read_link(s, node, field);
	case SCHEMA_BOOL:
		return read_bool(s, node, field);
	case SCHEMA_WORD:
		return read_word(s, node, field);
	case SCHEMA_UINT:
		return read_uint(s, node, field);
	case SCHEMA_DURATION:
	case SCHEMA_BYTES:
		return read_quantity(s, node, field);
	case SCHEMA_ADDRESS:
	case SCHEMA_HOST:
		return read_address(s, node, field);
	case SCHEMA_ADDRESSES:
	case SCHEMA_SERVERS:
		return read_addresses(s, node, field);
	case SCHEMA_DOMAINS:
		return read_domains(s, node, field);
	case SCHEMA_URIS:
		return read_uris(s, node, field);
	case SCHEMA_INCLUDE:
		break;
	}
	return true;
}

bool value_read(const struct schema_key *key, const struct document *d, const struct node *node,
		void *entry, struct diags *diags)
{
	struct source s = { key, d, diags };
	enum node_kind wanted = is_list(key->type) ? NODE_LIST : NODE_SCALAR;
	struct place at;

	if (!node || node->refused)
		return false;
	at = document_place(d, node);
	if (node->empty) {
		diags_add(diags, SEVERITY_ERROR, &at, "`%s` has no value", key->key);
		return false;
	}
	if (key->type == SCHEMA_PATHS && node->kind == NODE_LIST)
		wanted = NODE_LIST;
	if (node->kind != wanted) {
		diags_add(diags, SEVERITY_ERROR, &at, "`%s` must be %s, and this is %s", key->key,
			  node_kind_str(wanted), node_kind_str(node->kind));
		return false;
	}
	return read_field(&s, node, field_of(key, entry));
}

/* Defaults go the same way as what is written, so that one reader knows the forms. */
void value_default(const struct schema_key *key, void *entry)
{
	struct document d = { .at = { .file = "/" } };
	struct node items[4], list = { .kind = NODE_LIST };
	char text[128], *word, *rest = text;
	struct diags diags;
	size_t n = 0;

	if (!key->value)
		return;
	diags_init(&diags);
	memset(items, 0, sizeof(items));
	if (!is_list(key->type)) {
		items[0].text = key->value;
	} else if (!str_copy(text, sizeof(text), key->value, strlen(key->value))) {
		while ((word = strtok_r(rest, " ", &rest)) && n < 4) {
			items[n].text = word;
			if (n)
				items[n - 1].next = &items[n];
			n++;
		}
		list.first = items;
	}
	/* a default that cannot be read is a fault of the table */
	if (!value_read(key, &d, is_list(key->type) ? &list : items, entry, &diags))
		abort();
	diags_fini(&diags);
}
