/* fuzz_input: takes a fuzzer's bytes one after the other, zeros when there are no more; and what every target demands. */
#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct fuzz_input {
	const uint8_t *data;
	size_t left;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline unsigned fuzz_byte(struct fuzz_input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->data++;
}

static inline void fuzz_must(bool holds)
{
	if (!holds)
		abort();
}

/* Only characters that XML has, in UTF-8 as short as can be. */
static inline bool fuzz_is_text(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text, *end = p + len;

	while (p < end) {
		uint32_t c = *p++;
		unsigned more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3, i;
		static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
		if ((c >= 0x80 && c < 0xc2) || c > 0xf4 || (size_t)(end - p) < more)
			return false;
		c &= more ? 0x3fu >> more : 0x7f;
		for (i = 0; i < more; i++) {
			if ((p[i] & 0xc0) != 0x80)
				return false;
			c = c << 6 | (p[i] & 0x3f);
		}
		p += more;
		if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ||
		    (c & 0xfffffffe) == 0xfffe || (c < ' ' && c != '\t' && c != '\n' && c != '\r'))
			return false;
	}
	return true;
}

#endif
