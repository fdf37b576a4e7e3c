#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
	struct arena_block *next;
	size_t size;
	size_t used;
	max_align_t data[];
};

#define ARENA_BLOCK 4096

void arena_init(struct arena *a, size_t budget)
{
	a->blocks = NULL;
	a->used = 0;
	a->budget = budget;
}

static void free_blocks(struct arena_block *b)
{
	while (b) {
		struct arena_block *next = b->next;
		free(b);
		b = next;
	}
}

void arena_fini(struct arena *a)
{
	free_blocks(a->blocks);
	a->blocks = NULL;
	a->used = 0;
}

void arena_clear(struct arena *a)
{
	a->used = 0;
	if (!a->blocks)
		return;
	free_blocks(a->blocks->next);
	a->blocks->next = NULL;
	a->blocks->used = 0;
	if (a->blocks->size >
	    ARENA_BLOCK) /* one peer's large element must not stay with an idle stream */
		arena_fini(a);
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t align = _Alignof(max_align_t);
	struct arena_block *b = a->blocks;
	void *p;

	if (size > a->budget || size > PTRDIFF_MAX)
		return NULL;
	size = (size + align - 1) / align * align;
	if (size > a->budget - a->used)
		return NULL;
	if (!b || b->size - b->used < size) {
		size_t block = size > ARENA_BLOCK ? size : ARENA_BLOCK;
		b = malloc(sizeof(*b) + block);
		if (!b)
			return NULL;
		b->next = a->blocks;
		b->size = block;
		b->used = 0;
		a->blocks = b;
	}
	p = (char *)b->data + b->used;
	b->used += size;
	a->used += size;
	return memset(p, 0, size);
}

char *arena_strndup(struct arena *a, const char *text, size_t len)
{
	char *copy = len < SIZE_MAX ? arena_alloc(a, len + 1) : NULL;

	if (copy)
		memcpy(copy, text, len);
	return copy;
}

void *mem_new(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		abort();
	return p;
}

void *mem_grow(void *old, size_t size)
{
	void *p = realloc(old, size ? size : 1);

	if (!p)
		abort();
	return p;
}

char *mem_strndup(const char *text, size_t len)
{
	char *copy = mem_new(len + 1);

	memcpy(copy, text, len);
	return copy;
}

char *mem_strdup(const char *text)
{
	return mem_strndup(text, strlen(text));
}
