/* random: bytes from the kernel. Never called from the pure half above base. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>

#include "base/fail.h"

/* Fills DATA; -FAIL_IO where the kernel gives none: the caller then refuses to go on. */
int random_bytes(void *data, size_t len) must_check;

#endif
