#include "hmac.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

bool hmac_sha256(const char *key, size_t key_length, const char *message, size_t length,
                 unsigned char digest[HMAC_SIZE])
{
    unsigned int size = 0;

    if (key_length > INT_MAX)
        return false;
    return HMAC(EVP_sha256(), key, (int)key_length, (const unsigned char *)message, length, digest, &size) &&
           size == HMAC_SIZE;
}
