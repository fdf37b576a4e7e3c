/*
 * mem: an arena with a byte budget, and checked allocation for small internal things.
 *
 * What a peer can make grow lives in an arena (or a buf): asking beyond the budget yields NULL, which the caller turns
 * into a failure. mem_new and mem_strdup are for small internal objects whose number the operator bounds; they abort when
 * memory runs out. Not shared between threads.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; /* owned */
	size_t used;		    /* bytes handed out since the last clear */
	size_t budget;
};

void arena_init(struct arena *a, size_t budget);
void arena_fini(struct arena *a);
/* Frees everything handed out; keeps one block for reuse. */
void arena_clear(struct arena *a);
/* SIZE bytes, zeroed and aligned for anything; NULL past the budget or when memory runs out. */
void *arena_alloc(struct arena *a, size_t size);
/* A NUL-terminated copy of LEN bytes; NULL as above. */
char *arena_strndup(struct arena *a, const char *text, size_t len);

void *mem_new(size_t size); /* zeroed, never NULL */
void *mem_grow(void *old, size_t size);
char *mem_strdup(const char *text);
char *mem_strndup(const char *text, size_t len);

#endif
