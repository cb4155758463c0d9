/*
 * A server that breaks on purpose. The spec orders a play, a list of scripts: the first connection gets the first, the
 * next the second, and so on; the last serves all others. Each play listens on a port of its own.
 */
#ifndef FAULTSERVER_H
#define FAULTSERVER_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

struct step {
    char verb[16];
    long number;
    unsigned char *data;
    size_t length;
};

struct script {
    struct step *steps;
    size_t count;
};

struct play {
    struct script *scripts;
    size_t count;
    int listener;   /* -1: ended */
    int fillers[8]; /* connections that fill the queue of one who never accepts */
    bool asked;     /* the spec waits for the counts */
    unsigned long accepted;
    /* Written by the connections' threads, under the lock. */
    unsigned long requests; /* received from the first byte to the last */
    unsigned long bytes;
    int open; /* connections */
};

/* One connection, plain or TLS. */
struct wire {
    int fd;
    SSL *ssl;
    bool http2;
    uint32_t stream; /* HTTP/2: the one of the last request */
    struct play *play;
    unsigned char data[65536]; /* received, not yet read: from..to */
    size_t from, to;
};

/* The certificates, made at start; ca_file gets the one to trust. */
void certificates_make(const char *ca_file);
/* good, expired, wronghost, selfsigned, unknownca; NULL: no such */
SSL_CTX *certificates_get(const char *name);

/* Each returns false when the connection is gone. */
bool wire_tls(struct wire *wire, const char *certificate, bool http2, bool old);
bool wire_send(struct wire *wire, const void *data, size_t length);
bool wire_request(struct wire *wire); /* reads one whole request */
bool wire_preface(struct wire *wire, const struct step *settings);
bool wire_frame(struct wire *wire, int type, int flags, const void *payload, size_t length);
void wire_await(struct wire *wire); /* till there is something to read, which stays unread */
void wire_stall(struct wire *wire); /* till the peer has gone, reading nothing */
void wire_alert(struct wire *wire); /* a fatal TLS alert */
void wire_half(struct wire *wire);  /* closes our direction, then reads to the end of the other */
void wire_reset(struct wire *wire);

/* Plays one connection to its end and closes it. */
void script_run(const struct script *script, struct wire *wire);

/* The counts, from any thread. */
void count_request(struct play *play);
void count_bytes(struct play *play, size_t bytes);
bool count_asked(const struct play *play);

#endif
