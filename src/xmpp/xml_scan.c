#include "xml_scan_int.h"

#include <stdint.h>
#include <string.h>

#define RUN_MAX ((size_t)1 << 30) /* the parser counts in int */

enum { C_PLAIN, C_SPACE, C_SPECIAL, C_BAD };

/* What a byte is inside a tag, outside quotes. */
static const uint8_t tag_class[256] = {
	[0x00 ... 0x08] = C_BAD, [0x0b] = C_BAD,    [0x0c] = C_BAD,
	[0x0e ... 0x1f] = C_BAD, ['='] = C_SPECIAL, ['>'] = C_SPECIAL,
	['/'] = C_SPECIAL,	 ['<'] = C_BAD,	    ['\''] = C_BAD, /* a quote without '=' */
	['"'] = C_BAD,
};

void xml_scan_init(struct xml_scan *s, const struct xml_stream_limits *limits)
{
	memset(s, 0, sizeof(*s));
	s->limits = limits;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name_start(char c)
{
	return is_alpha(c) || c == '_' || c == ':' || (unsigned char)c >= 0x80;
}

static bool is_reference_char(char c)
{
	return is_name_start(c) || (c >= '0' && c <= '9') || c == '#' || c == '-' || c == '.';
}

static const char *fails(struct xml_scan *s, enum fail fail, const char *p)
{
	s->fail = fail;
	return p;
}

/* A byte where only white space or '<' may stand. */
static enum fail misplaced(const struct xml_scan *s, char c)
{
	unsigned char u = (unsigned char)c;

	if (s->state == XML_SCAN_FIRST && (u == 0x00 || u == 0xfe || u == 0xff))
		return FAIL_XML_ENCODING; /* UTF-16, with a byte order mark or big-endian without */
	if (s->state == XML_SCAN_OVER)
		return FAIL_XML_INVALID;
	if (!s->depth || u < 0x20 || (u >= 0x80 && u < 0xc2) || u > 0xf4)
		return FAIL_XML_NOT_WELL_FORMED;
	return FAIL_XML_INVALID; /* text between stanzas [RFC6120 11.7] */
}

/* Skips white space and takes the '<' that begins an element of the stream. */
static const char *scan_between(struct xml_scan *s, const char *p, const char *end)
{
	const char *from = p;

	while (p < end && is_space(*p))
		p++;
	if (p > from && s->state == XML_SCAN_FIRST)
		s->state = XML_SCAN_BETWEEN;
	if (p == end)
		return p;
	if (*p != '<' || s->state == XML_SCAN_OVER)
		return fails(s, misplaced(s, *p), p);
	s->declaration = s->state == XML_SCAN_FIRST;
	s->state = XML_SCAN_LESS;
	s->element = 0;
	return p;
}

static void end_tag(struct xml_scan *s)
{
	s->depth--;
	s->event = s->depth == 0   ? XML_SCAN_FOOTER
		   : s->depth == 1 ? XML_SCAN_ELEMENT
				   : XML_SCAN_TOKEN;
	s->state = s->depth == 0 ? XML_SCAN_OVER : s->depth == 1 ? XML_SCAN_BETWEEN : XML_SCAN_TEXT;
}

static void start_tag(struct xml_scan *s)
{
	s->depth++;
	s->event = s->depth == 1 ? XML_SCAN_HEADER : XML_SCAN_TOKEN;
	s->state = s->depth == 1 ? XML_SCAN_BETWEEN : XML_SCAN_TEXT;
}

static void empty_tag(struct xml_scan *s)
{
	s->depth++;
	end_tag(s);
	if (s->event == XML_SCAN_FOOTER)
		s->event = XML_SCAN_HEADER;
}

/* "<![CDATA[" inside an element of the stream, nothing else [RFC6120 11.1]. */
static const char *scan_bang(struct xml_scan *s, const char *p)
{
	static const char word[] = "[CDATA[";

	if (*p != word[s->match])
		return fails(s,
			     !s->match && (*p == '-' || is_alpha(*p)) ? FAIL_XML_RESTRICTED
								      : FAIL_XML_NOT_WELL_FORMED,
			     p);
	if (s->depth < 2)
		return fails(s, s->depth ? FAIL_XML_INVALID : FAIL_XML_NOT_WELL_FORMED, p);
	if (word[++s->match] == '\0') {
		s->match = 0;
		s->state = XML_SCAN_CDATA;
		s->event = XML_SCAN_TOKEN;
	}
	return p + 1;
}

/* The XML declaration, at the very start alone; a processing instruction is none [RFC6120 11.1, 11.5]. */
static const char *scan_question(struct xml_scan *s, const char *p)
{
	static const char word[] = "xml";

	if (s->match < 3) {
		if (*p != word[s->match])
			return fails(s, FAIL_XML_RESTRICTED, p);
		s->match++;
		return p + 1;
	}
	if (!is_space(*p) && *p != '?')
		return fails(s, FAIL_XML_RESTRICTED, p);
	if (!s->declaration)
		return fails(s, FAIL_XML_NOT_WELL_FORMED, p);
	s->match = *p == '?';
	s->state = XML_SCAN_DECLARATION;
	return p + 1;
}

static const char *scan_declaration(struct xml_scan *s, const char *p, const char *end)
{
	for (; p < end; p++) {
		if (*p == '>' && !s->match)
			return fails(s, FAIL_XML_NOT_WELL_FORMED, p);
		if (*p == '>') {
			s->state = XML_SCAN_BETWEEN;
			s->event = XML_SCAN_TOKEN;
			return p + 1;
		}
		s->match = *p == '?';
	}
	return p;
}

static const char *scan_equals(struct xml_scan *s, const char *p, const char *end)
{
	while (p < end && is_space(*p))
		p++;
	if (p == end)
		return p;
	if (*p != '\'' && *p != '"')
		return fails(s, FAIL_XML_NOT_WELL_FORMED, p);
	if (s->attributes++ == s->limits->attributes)
		return fails(s, FAIL_XML_ATTRIBUTES, p);
	s->quote = *p;
	s->state = XML_SCAN_QUOTED;
	return p + 1;
}

static const char *scan_quoted(struct xml_scan *s, const char *p, const char *end)
{
	const char *q = memchr(p, s->quote, (size_t)(end - p));

	if (!q)
		return end;
	s->state = XML_SCAN_TAG;
	return q + 1;
}

static const char *scan_slash(struct xml_scan *s, const char *p)
{
	if (*p != '>' || s->closing)
		return fails(s, FAIL_XML_NOT_WELL_FORMED, p);
	empty_tag(s);
	return p + 1;
}

static const char *scan_tag(struct xml_scan *s, const char *p, const char *end)
{
	while (p < end) {
		uint8_t class = tag_class[(unsigned char)*p];

		if (class == C_PLAIN) {
			p++;
			continue;
		}
		if (class == C_BAD)
			return fails(s, FAIL_XML_NOT_WELL_FORMED, p);
		if (*p == '>') {
			if (s->closing)
				end_tag(s);
			else
				start_tag(s);
			return p + 1;
		}
		if (*p++ == '/') {
			s->state = XML_SCAN_SLASH;
			return p < end ? scan_slash(s, p) : p;
		}
		/* the usual case without leaving the loop: ='value' */
		s->state = XML_SCAN_EQUALS;
		p = scan_equals(s, p, end);
		if (s->state == XML_SCAN_QUOTED)
			p = scan_quoted(s, p, end);
		if (s->state != XML_SCAN_TAG)
			return p;
	}
	return p;
}

static const char *scan_less(struct xml_scan *s, const char *p, const char *end)
{
	char c = *p;

	if (c == '!' || c == '?') {
		s->state = c == '!' ? XML_SCAN_BANG : XML_SCAN_QUESTION;
		s->match = 0;
		return p + 1;
	}
	s->closing = c == '/';
	if (s->closing ? s->depth == 0 : !is_name_start(c))
		return fails(s, FAIL_XML_NOT_WELL_FORMED, p);
	if (!s->closing && s->depth > s->limits->depth)
		return fails(s, FAIL_XML_TOO_DEEP, p);
	s->attributes = 0;
	s->state = XML_SCAN_TAG;
	return scan_tag(s, p + 1, end);
}

/* One step inside a token of markup, END being cut to what one tag may take. */
static const char *scan_markup(struct xml_scan *s, const char *p, const char *end)
{
	switch (s->state) {
	case XML_SCAN_LESS:
		return scan_less(s, p, end);
	case XML_SCAN_BANG:
		return scan_bang(s, p);
	case XML_SCAN_QUESTION:
		return scan_question(s, p);
	case XML_SCAN_DECLARATION:
		return scan_declaration(s, p, end);
	case XML_SCAN_TAG:
		return scan_tag(s, p, end);
	case XML_SCAN_EQUALS:
		return scan_equals(s, p, end);
	case XML_SCAN_QUOTED:
		return scan_quoted(s, p, end);
	case XML_SCAN_SLASH:
		return scan_slash(s, p);
	case XML_SCAN_FIRST:
	case XML_SCAN_BETWEEN:
	case XML_SCAN_TEXT:
	case XML_SCAN_REFERENCE:
	case XML_SCAN_CDATA:
	case XML_SCAN_OVER:
		break;
	}
	return fails(s, FAIL_INTERNAL, p);
}

/* The '&' of a reference that END cuts, or NULL: half a reference, fed bit by bit, would be read again every time. */
static const char *open_reference(const char *p, const char *end)
{
	while (end > p && is_reference_char(end[-1]))
		end--;
	return end > p && end[-1] == '&' ? end - 1 : NULL;
}

static const char *scan_reference(struct xml_scan *s, const char *p, const char *end)
{
	while (p < end && is_reference_char(*p))
		p++;
	if (p == end)
		return p;
	s->state = XML_SCAN_TEXT; /* complete with ';', else broken: the parser will say so */
	s->event = XML_SCAN_TOKEN;
	return *p == ';' ? p + 1 : p;
}

static const char *scan_cdata(struct xml_scan *s, const char *p, const char *end)
{
	while (p < end) {
		if (!s->match) {
			p = memchr(p, ']', (size_t)(end - p));
			if (!p)
				return end;
			s->match = 1;
		} else if (*p == ']') {
			s->match = 2;
		} else if (*p == '>' && s->match == 2) {
			s->state = XML_SCAN_TEXT;
			return p + 1;
		} else {
			s->match = 0;
		}
		p++;
	}
	return p;
}

static bool in_markup(enum xml_scan_state state)
{
	return state >= XML_SCAN_LESS && state <= XML_SCAN_SLASH;
}

struct cursor {
	const char *p;
	const char *end;
	const char *mark; /* where the open token begins, as far as it lies in this run */
	size_t carried;	  /* its bytes before this run */
};

static void step_markup(struct xml_scan *s, struct cursor *c)
{
	size_t taken = c->carried + (size_t)(c->p - c->mark);
	size_t room = s->limits->tag_bytes > taken ? s->limits->tag_bytes - taken : 0;
	const char *end = (size_t)(c->end - c->p) > room ? c->p + room : c->end;

	if (c->p < end) /* the usual case apart, which is then foreseen */
		c->p = s->state == XML_SCAN_LESS ? scan_less(s, c->p, end)
						 : scan_markup(s, c->p, end);
	else
		s->fail = FAIL_XML_TOO_BIG;
	if (!s->fail && !in_markup(s->state))
		c->carried = 0;
}

static void step_text(struct xml_scan *s, struct cursor *c)
{
	const char *less = memchr(c->p, '<', (size_t)(c->end - c->p));
	const char *from = c->p;

	c->carried = 0;
	c->p = less ? less + 1 : c->end;
	c->mark = less;
	if (less) {
		s->state = XML_SCAN_LESS;
		return;
	}
	c->mark = open_reference(from, c->end);
	if (c->mark)
		s->state = XML_SCAN_REFERENCE;
}

/* One round; the tokens inside an element go by without an event unless the caller waits for one. */
static void step(struct xml_scan *s, struct cursor *c)
{
	if (in_markup(s->state))
		step_markup(s, c);
	else if (s->state == XML_SCAN_TEXT)
		step_text(s, c);
	else if (s->state == XML_SCAN_REFERENCE)
		c->p = scan_reference(s, c->p, c->end);
	else
		c->p = scan_cdata(s, c->p, c->end);
}

static bool is_open(enum xml_scan_state state)
{
	return in_markup(state) || state == XML_SCAN_REFERENCE;
}

static size_t still_allowed(size_t limit, size_t taken, size_t len)
{
	size_t left = limit > taken ? limit - taken : 0;

	return left < len ? left : len;
}

int xml_scan_run(struct xml_scan *s, const char *data, size_t len, bool one_token,
		 struct xml_scan_run *run)
{
	size_t total = s->limits->total_bytes ? s->limits->total_bytes : SIZE_MAX;
	size_t most = still_allowed(total, s->total, len);
	enum fail over = most < len ? FAIL_XML_FLOOD : FAIL_NONE;
	struct cursor c = { data, data + most, data, s->held };
	const char *from = data;

	s->event = XML_SCAN_MORE;
	if (s->state <= XML_SCAN_BETWEEN || s->state == XML_SCAN_OVER) {
		c.p = from = c.mark = scan_between(s, c.p, c.end);
		c.carried = 0;
		if (!s->fail && c.p < c.end)
			c.p++;
	}
	most = (size_t)(c.end - from);
	if (most > still_allowed(s->limits->element_bytes, s->element, most)) {
		most = still_allowed(s->limits->element_bytes, s->element, most);
		over = FAIL_XML_TOO_BIG;
	}
	if (most > RUN_MAX) {
		most = RUN_MAX;
		over = FAIL_NONE;
	}
	c.end = from + most;
	if (c.p > c.end)
		c.p = c.end;
	while (!s->fail && s->event <= (one_token ? XML_SCAN_MORE : XML_SCAN_TOKEN) &&
	       c.p < c.end) {
		s->event = XML_SCAN_MORE;
		step(s, &c);
		if (s->state == XML_SCAN_BETWEEN)
			break; /* also behind the XML declaration */
	}
	if (!s->fail && s->event == XML_SCAN_MORE && c.p == c.end && c.end < data + len)
		s->fail = over;
	s->held = is_open(s->state) ? c.carried + (size_t)(c.p - c.mark) : 0;
	s->element += (size_t)(c.p - from);
	s->total += (size_t)(c.p - data);
	run->used = (size_t)(c.p - data);
	run->skip = (size_t)(from - data);
	run->event = s->event;
	return -(int)s->fail;
}
