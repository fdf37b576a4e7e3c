/* leak: does a piece of work leave memory behind? For builds whose allocator nobody watches. */
#ifndef TESTS_LEAK_H
#define TESTS_LEAK_H

#include <stdbool.h>

/* Runs WORK many times; true where every run costs memory. False where the C library cannot tell. */
bool leak_grows(void (*work)(void *context), void *context);

#endif
