#include "hmac.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "compat.h"

bool hmac_sha256(const char *key, size_t key_length, const char *message, size_t length,
                 unsigned char digest[HMAC_SIZE])
{
    unsigned int size = 0;

    if (key_length > INT_MAX)
        return false;
    return HMAC(EVP_sha256(), key, (int)key_length, (const unsigned char *)message, length, digest, &size) &&
           size == HMAC_SIZE;
}

static int push_digest(lua_State *L, bool made, const unsigned char digest[HMAC_SIZE])
{
    if (!made)
        return luaL_error(L, "libcrypto makes no SHA-256");
    lua_pushlstring(L, (const char *)digest, HMAC_SIZE);
    return 1;
}

int hmac_sha256_of_strings(lua_State *L)
{
    size_t key_length;
    size_t length;
    const char *key = luaL_checklstring(L, 1, &key_length);
    const char *message = luaL_checklstring(L, 2, &length);
    unsigned char digest[HMAC_SIZE];

    return push_digest(L, hmac_sha256(key, key_length, message, length, digest), digest);
}

int sha256_of_string(lua_State *L)
{
    size_t length;
    const char *message = luaL_checklstring(L, 1, &length);
    unsigned char digest[HMAC_SIZE];
    unsigned int size = 0;

    return push_digest(L, EVP_Digest(message, length, digest, &size, EVP_sha256(), NULL) && size == HMAC_SIZE, digest);
}

int base64_of_string(lua_State *L)
{
    size_t length;
    const char *bytes = luaL_checklstring(L, 1, &length);
    unsigned char text[(HMAC_SIZE + 2) / 3 * 4 + 1];

    luaL_argcheck(L, length <= HMAC_SIZE, 1, "too long");
    lua_pushlstring(L, (const char *)text, (size_t)EVP_EncodeBlock(text, (const unsigned char *)bytes, (int)length));
    return 1;
}

int hmac_same(lua_State *L)
{
    size_t a_length;
    size_t b_length;
    const char *a = luaL_checklstring(L, 1, &a_length);
    const char *b = luaL_checklstring(L, 2, &b_length);

    lua_pushboolean(L, a_length == b_length && CRYPTO_memcmp(a, b, a_length) == 0);
    return 1;
}
