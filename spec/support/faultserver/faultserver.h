/*
 * A server that fails on purpose. The spec orders a play, which is a list of scripts. The first connection gets the
 * first script, the second connection the second one, and so on. All further connections get the last script. Each play
 * listens on its own port.
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
    int listener;   /* -1 when the play has ended */
    int fillers[8]; /* connections that fill the queue of a play that never accepts */
    bool asked;     /* the spec waits for the counts */
    unsigned long accepted;
    /* The threads of the connections write these under the lock. */
    unsigned long requests; /* number of requests that were received completely */
    unsigned long bytes;
    int open; /* number of open connections */
};

/* One connection, plain or TLS. */
struct wire {
    int fd;
    SSL *ssl;
    bool http2;
    uint32_t stream; /* with HTTP/2, the stream of the last request */
    struct play *play;
    unsigned char data[65536]; /* received bytes; those from `from` to `to` are unread */
    size_t from, to;
};

/* The certificates are made at the start. ca_file is the name of a file for the certificate to trust. */
void certificates_make(const char *ca_file);
/* kinds: good, expired, wronghost, selfsigned, unknownca; returns NULL for any other name */
SSL_CTX *certificates_get(const char *name);

/* The functions that return a bool return false when the connection is closed. */
bool wire_tls(struct wire *wire, const char *certificate, bool http2, bool old);
bool wire_send(struct wire *wire, const void *data, size_t length);
bool wire_request(struct wire *wire); /* reads one whole request */
bool wire_preface(struct wire *wire, const struct step *settings);
bool wire_frame(struct wire *wire, int type, int flags, const void *payload, size_t length);
void wire_await(struct wire *wire); /* waits until there is something to read, and does not read it */
void wire_stall(struct wire *wire); /* waits until the peer has closed the connection, and reads nothing */
void wire_alert(struct wire *wire); /* sends a fatal TLS alert */
void wire_half(struct wire *wire);  /* ends its direction of the connection, then reads until the peer does so too */
void wire_reset(struct wire *wire);

/* Plays one connection to its end and closes it. */
void script_run(const struct script *script, struct wire *wire);

/* The counts. Any thread may call these functions. */
void count_request(struct play *play);
void count_bytes(struct play *play, size_t bytes);
bool count_asked(const struct play *play);

#endif
