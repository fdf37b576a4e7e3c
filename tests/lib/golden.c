#include "golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "tap.h"

void golden_path(char *path, size_t size, const char *name)
{
	const char *top = getenv("top_srcdir");

	snprintf(path, size, "%s/%s%s", top ? top : ".", strchr(name, '/') ? "" : "tests/golden/",
		 name);
}

bool golden_read(const char *path, struct buf *b)
{
	FILE *f = fopen(path, "rb");
	char chunk[4096];
	size_t n;

	if (!f)
		return false;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(b, chunk, n);
	fclose(f);
	return true;
}

static bool rewrite(const char *path, const char *text)
{
	FILE *f = fopen(path, "wb");
	bool good;

	if (!f)
		return false;
	good = fputs(text, f) >= 0;
	return fclose(f) == 0 && good;
}

static void show_difference(const char *name, const char *want, const char *got)
{
	size_t at = 0, begin = 0;
	int line = 1;

	for (; want[at] && want[at] == got[at]; at++) {
		if (want[at] != '\n')
			continue;
		line++;
		begin = at + 1;
	}
	tap_note("%s:%d: want \"%.*s\"", name, line, (int)strcspn(want + begin, "\n"),
		 want + begin);
	tap_note("%s:%d: got  \"%.*s\"", name, line, (int)strcspn(got + begin, "\n"), got + begin);
}

bool golden_matches(const char *name, const char *text)
{
	const char *update = getenv("UPDATE_GOLDEN");
	char path[4096];
	struct buf b;
	bool same;

	golden_path(path, sizeof(path), name);
	buf_init(&b, (size_t)1 << 24);
	if (!golden_read(path, &b))
		tap_note("%s cannot be read", path);
	same = !strcmp(buf_str(&b), text);
	if (!same && update && *update == '1')
		same = rewrite(path, text);
	if (!same)
		show_difference(name, buf_str(&b), text);
	buf_fini(&b);
	return same;
}
