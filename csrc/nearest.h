/* The name somebody probably meant. */
#ifndef CMR_NEAREST_H
#define CMR_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

struct nearest {
    const char *wanted;
    const char *name; /* the best so far, or NULL */
    size_t length;
    size_t distance;
};

/* Begin with {.wanted = name}; offer every candidate; name is then the nearest one that is near enough, or NULL. */
void nearest_offer(struct nearest *nearest, const char *candidate, size_t length);

#endif
