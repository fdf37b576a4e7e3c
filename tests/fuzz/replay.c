/* The fuzz targets' main where no fuzzer drives them: each argument is a file of the corpus. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "fuzz_input.h"
#include "golden.h"

int main(int argc, char **argv)
{
	struct buf b;
	int i;

	buf_init(&b, (size_t)1 << 26);
	for (i = 1; i < argc; i++) {
		buf_clear(&b);
		if (!golden_read(argv[i], &b)) {
			fprintf(stderr, "%s cannot be read\n", argv[i]);
			return 1;
		}
		/* exactly as long as the input, so that a sanitizer sees a read behind it */
		unsigned char *copy = malloc(b.len ? b.len : 1);
		if (!copy)
			return 1;
		for (size_t k = 0; k < b.len; k++)
			copy[k] = (unsigned char)b.data[k];
		LLVMFuzzerTestOneInput(copy, b.len);
		free(copy);
	}
	buf_fini(&b);
	printf("# %d inputs\n", argc - 1);
	return argc < 2;
}
