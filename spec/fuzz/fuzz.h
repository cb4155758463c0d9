/*
 * Shared by the fuzz targets. A target is a file with its own LLVMFuzzerTestOneInput. libFuzzer calls it with generated
 * bytes, and replay.c with the bytes of the corpus. It makes a case from the bytes, runs it, and checks.lua checks it.
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

/* Takes a number below `below` (256 at most) from the next byte. Returns 0 if no byte is left. */
unsigned take(struct input *input, unsigned below);

/* Pushes a string. The first byte is its length. If fewer bytes are left, the string has those. */
void push_string(lua_State *L, struct input *input);

/* Pushes all the bytes left. */
void push_rest(lua_State *L, struct input *input);

/* Pushes one of the strings; the list ends with NULL. */
void push_one_of(lua_State *L, struct input *input, const char *const *list);

/* Pushes a function of the core, or of checks.lua. */
void push_core(lua_State *L, const char *name);
void push_check(lua_State *L, const char *name);

/* Pushes a target at http://127.0.0.1/base of that port, with FUZZ_KEY. */
void push_target(lua_State *L, int port);

/* Runs one case, with the input as a light userdata. The next case uses the same state. An error ends the process. */
int fuzz_run(lua_CFunction one, const uint8_t *data, size_t size);

/* Raises an error unless the fact is true. */
void must(lua_State *L, int fact, const char *what);

#endif
