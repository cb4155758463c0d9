#include "crypto.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"

bool crypto_hmac(const char *key, size_t key_length, const char *message, size_t length,
                 unsigned char digest[DIGEST_BYTES])
{
    return key_length <= INT_MAX &&
           HMAC(EVP_sha256(), key, (int)key_length, (const unsigned char *)message, length, digest, NULL);
}

bool crypto_digest(const char *message, size_t length, unsigned char digest[DIGEST_BYTES])
{
    return EVP_Digest(message, length, digest, NULL, EVP_sha256(), NULL);
}

static int push_digest(lua_State *L, bool made, const unsigned char digest[DIGEST_BYTES])
{
    if (!made)
        return luaL_error(L, "libcrypto makes no SHA-256");
    lua_pushlstring(L, (const char *)digest, DIGEST_BYTES);
    return 1;
}

int crypto_hmac_sha256(lua_State *L)
{
    size_t key_length;
    size_t length;
    const char *key = luaL_checklstring(L, 1, &key_length);
    const char *message = luaL_checklstring(L, 2, &length);
    unsigned char digest[DIGEST_BYTES];

    return push_digest(L, crypto_hmac(key, key_length, message, length, digest), digest);
}

int crypto_sha256(lua_State *L)
{
    size_t length;
    const char *message = luaL_checklstring(L, 1, &length);
    unsigned char digest[DIGEST_BYTES];

    return push_digest(L, crypto_digest(message, length, digest), digest);
}

/* Digests a file. Touches no Lua. Returns 0 or an errno. */
static int digest_file(const char *path, EVP_MD_CTX *context, unsigned char digest[DIGEST_BYTES])
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    char bytes[16384];
    ssize_t length = 0;
    bool digested;
    int problem;

    if (fd < 0)
        return errno;
    digested = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    while (digested && (length = read(fd, bytes, sizeof bytes)) > 0)
        digested = EVP_DigestUpdate(context, bytes, (size_t)length);
    problem = errno;
    (void)close(fd);
    if (length < 0)
        return problem;
    return digested && EVP_DigestFinal_ex(context, digest, NULL) ? 0 : ENOMEM;
}

int crypto_file_sha256(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    unsigned char digest[DIGEST_BYTES];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const int problem = digest_file(path, context, digest); /* this cannot raise, so the context is always freed */

    EVP_MD_CTX_free(context);
    if (!problem)
        return push_digest(L, true, digest);
    lua_pushnil(L);
    lua_pushstring(L, strerror(problem));
    return 2;
}

int crypto_base64(lua_State *L)
{
    size_t length;
    const char *bytes = luaL_checklstring(L, 1, &length);
    unsigned char text[(DIGEST_BYTES + 2) / 3 * 4 + 1];

    luaL_argcheck(L, length <= DIGEST_BYTES, 1, "too long");
    lua_pushlstring(L, (const char *)text, (size_t)EVP_EncodeBlock(text, (const unsigned char *)bytes, (int)length));
    return 1;
}

int crypto_hex(lua_State *L)
{
    static const char digits[] = "0123456789abcdef";
    size_t length;
    const unsigned char *bytes = (const unsigned char *)luaL_checklstring(L, 1, &length);
    char text[2 * DIGEST_BYTES];

    luaL_argcheck(L, length <= DIGEST_BYTES, 1, "too long");
    for (size_t i = 0; i < length; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    lua_pushlstring(L, text, 2 * length);
    return 1;
}

int crypto_same(lua_State *L)
{
    size_t a_length;
    size_t b_length;
    const char *a = luaL_checklstring(L, 1, &a_length);
    const char *b = luaL_checklstring(L, 2, &b_length);

    lua_pushboolean(L, a_length == b_length && CRYPTO_memcmp(a, b, a_length) == 0);
    return 1;
}
