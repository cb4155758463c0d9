/* HMAC-SHA256 from libcrypto. */
#ifndef CMR_HMAC_H
#define CMR_HMAC_H

#include <stdbool.h>
#include <stddef.h>

enum { HMAC_SIZE = 32 };

bool hmac_sha256(const char *key, size_t key_length, const char *message, size_t length,
                 unsigned char digest[HMAC_SIZE]);

#endif
