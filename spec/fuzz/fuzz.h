/*
 * What the fuzz targets share. A target is a file with a LLVMFuzzerTestOneInput of its own: libFuzzer calls it with
 * bytes it made up, replay.c with those of the corpus. It turns them into a case, runs it, and lets checks.lua judge.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdlib.h>

#include "compat.h"

#define FUZZ_KEY "Fuzz/Key+0123456789="

/* The bytes not yet used. */
struct input {
    const uint8_t *at;
    size_t left;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A number below `below`, which is 256 at most, from the next byte; 0 when there is none. */
unsigned take(struct input *input, unsigned below);

/* Pushes a string: a length byte, and as many bytes as there are. */
void push_string(lua_State *L, struct input *input);

/* Pushes all the bytes left. */
void push_rest(lua_State *L, struct input *input);

/* Pushes one of the strings; the list ends with NULL. */
void push_one_of(lua_State *L, struct input *input, const char *const *list);

/* Pushes a function of the core's or of checks.lua's. */
void push_core(lua_State *L, const char *name);
void push_check(lua_State *L, const char *name);

/* Pushes a target at http://127.0.0.1/base of that port, with FUZZ_KEY. */
void push_target(lua_State *L, int port);

/* Runs one case in a state that lives on, with the input as a light userdata; whatever it raises ends the process. */
int fuzz_run(lua_CFunction one, const uint8_t *data, size_t size);

/* Raises unless the fact holds. */
void must(lua_State *L, int fact, const char *what);

#endif
