/* SHA-256, its HMAC and Base64 from libcrypto, and a compare that takes the same time whatever it finds. */
#ifndef CMR_HMAC_H
#define CMR_HMAC_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

enum { HMAC_SIZE = 32 };

bool hmac_sha256(const char *key, size_t key_length, const char *message, size_t length,
                 unsigned char digest[HMAC_SIZE]);

/* core.hmac_sha256(key, message) and core.sha256(message) -> 32 bytes */
int hmac_sha256_of_strings(lua_State *L);
int sha256_of_string(lua_State *L);

/* core.base64(bytes) -> text, padded; for at most HMAC_SIZE bytes */
int base64_of_string(lua_State *L);

/* core.same(a, b) -> are these strings equal? Only their lengths can be told from the time it takes. */
int hmac_same(lua_State *L);

#endif
