/* SHA-256, its HMAC and Base64 from libcrypto, and a comparison in constant time. */
#pragma once

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

enum { DIGEST_BYTES = 32 };

/* Computes the HMAC with SHA-256. Returns false when libcrypto fails. Touches no Lua. */
bool crypto_hmac(const char *key, size_t key_length, const char *message, size_t length,
                 unsigned char digest[DIGEST_BYTES]);

/* Computes SHA-256. Returns false when libcrypto fails. Touches no Lua. */
bool crypto_digest(const char *message, size_t length, unsigned char digest[DIGEST_BYTES]);

/* core.hmac_sha256(key, message) and core.sha256(message) -> 32 bytes */
int crypto_hmac_sha256(lua_State *L);
int crypto_sha256(lua_State *L);

/* core.file_sha256(path) -> 32 bytes, or nil, message. Reads the file in small pieces. */
int crypto_file_sha256(lua_State *L);

/* core.hex(bytes) -> lower-case hexadecimal text. Takes at most DIGEST_BYTES bytes. */
int crypto_hex(lua_State *L);

/* core.base64(bytes) -> padded Base64 text. Takes at most DIGEST_BYTES bytes. */
int crypto_base64(lua_State *L);

/* core.same(a, b) -> whether the strings are equal. The duration depends only on their lengths. */
int crypto_same(lua_State *L);
