/* The actions on one connection. */
#include <netinet/in.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "faultserver.h"

enum { FRAME_HEAD = 9, DATA = 0, HEADERS = 1, SETTINGS = 4, PING = 6, END_STREAM = 1, ACK = 1 };

bool wire_tls(struct wire *wire, const char *certificate, bool http2, bool old)
{
    SSL_CTX *context = certificates_get(certificate);

    wire->ssl = context ? SSL_new(context) : NULL;
    if (!wire->ssl)
        return false;
    SSL_set_app_data(wire->ssl, http2 ? (char *)wire : NULL);
    if (old) {
        SSL_set_security_level(wire->ssl, 0);
        SSL_set_min_proto_version(wire->ssl, TLS1_1_VERSION);
        SSL_set_max_proto_version(wire->ssl, TLS1_1_VERSION);
    }
    SSL_set_fd(wire->ssl, wire->fd);
    return SSL_accept(wire->ssl) == 1;
}

/* Receives more bytes. Returns false at the end, or when there is no room. */
static bool fill(struct wire *wire)
{
    ssize_t got;

    memmove(wire->data, wire->data + wire->from, wire->to - wire->from);
    wire->to -= wire->from;
    wire->from = 0;
    if (wire->to == sizeof wire->data)
        return false;
    got = wire->ssl ? SSL_read(wire->ssl, wire->data + wire->to, (int)(sizeof wire->data - wire->to))
                    : recv(wire->fd, wire->data + wire->to, sizeof wire->data - wire->to, 0);
    if (got <= 0)
        return false;
    wire->to += (size_t)got;
    count_bytes(wire->play, (size_t)got);
    return true;
}

static bool need(struct wire *wire, size_t length)
{
    while (wire->to - wire->from < length)
        if (!fill(wire))
            return false;
    return true;
}

static bool skip(struct wire *wire, size_t length)
{
    while (length > wire->to - wire->from) {
        length -= wire->to - wire->from;
        wire->from = wire->to;
        if (!fill(wire))
            return false;
    }
    wire->from += length;
    return true;
}

bool wire_send(struct wire *wire, const void *data, size_t length)
{
    const char *next = data;

    while (length) {
        const ssize_t sent = wire->ssl ? SSL_write(wire->ssl, next, (int)length) : send(wire->fd, next, length, 0);
        if (sent <= 0)
            return false;
        next += sent;
        length -= (size_t)sent;
    }
    return true;
}

static size_t content_length(const char *head, const char *end)
{
    static const char name[] = "\r\ncontent-length:";

    for (; head + sizeof name < end; head++)
        if (strncasecmp(head, name, sizeof name - 1) == 0)
            return strtoul(head + sizeof name - 1, NULL, 10);
    return 0;
}

static bool request1(struct wire *wire)
{
    const unsigned char *end;

    while (!(end = memmem(wire->data + wire->from, wire->to - wire->from, "\r\n\r\n", 4)))
        if (!fill(wire))
            return false;
    end += 4;
    const size_t body = content_length((char *)wire->data + wire->from, (const char *)end);
    wire->from = (size_t)(end - wire->data);
    return skip(wire, body);
}

static bool frame(struct wire *wire, int type, int flags, uint32_t stream, const void *payload, size_t length)
{
    const unsigned char head[FRAME_HEAD] = {
        (unsigned char)(length >> 16), (unsigned char)(length >> 8), (unsigned char)length,
        (unsigned char)type,           (unsigned char)flags,         (unsigned char)(stream >> 24),
        (unsigned char)(stream >> 16), (unsigned char)(stream >> 8), (unsigned char)stream};

    return wire_send(wire, head, sizeof head) && wire_send(wire, payload, length);
}

bool wire_frame(struct wire *wire, int type, int flags, const void *payload, size_t length)
{
    return frame(wire, type, flags, wire->stream, payload, length);
}

bool wire_preface(struct wire *wire, const struct step *settings)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    wire->http2 = true;
    return need(wire, sizeof preface - 1) && skip(wire, sizeof preface - 1) &&
           frame(wire, SETTINGS, 0, 0, settings->data, settings->length);
}

static bool request2(struct wire *wire)
{
    for (;;) {
        const unsigned char *head = wire->data + wire->from;
        if (!need(wire, FRAME_HEAD))
            return false;
        head = wire->data + wire->from;
        const size_t length = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
        const int type = head[3];
        const int flags = head[4];
        const uint32_t stream =
            (uint32_t)(head[5] & 127) << 24 | (uint32_t)head[6] << 16 | (uint32_t)head[7] << 8 | head[8];
        if (type == SETTINGS && !(flags & ACK) && !frame(wire, SETTINGS, ACK, 0, NULL, 0))
            return false;
        if (type == PING && !(flags & ACK)) {
            if (!need(wire, FRAME_HEAD + length) ||
                !frame(wire, PING, ACK, 0, wire->data + wire->from + FRAME_HEAD, length))
                return false;
        }
        if (!skip(wire, FRAME_HEAD + length))
            return false;
        if (type == HEADERS)
            wire->stream = stream;
        if ((type == HEADERS || type == DATA) && flags & END_STREAM)
            return true;
    }
}

bool wire_request(struct wire *wire)
{
    if (!(wire->http2 ? request2(wire) : request1(wire)))
        return false;
    count_request(wire->play);
    return true;
}

/* Returns whether one of the events came within the time in ms; -1 means no limit. */
static bool comes(const struct wire *wire, short events, int time)
{
    struct pollfd what = {.fd = wire->fd, .events = events};

    return poll(&what, 1, time) != 0;
}

void wire_await(struct wire *wire)
{
    if (wire->to == wire->from && !(wire->ssl && SSL_has_pending(wire->ssl)))
        (void)comes(wire, POLLIN, -1);
}

/* If the receive window is full, this server cannot notice that the peer closes. So `count` ends the wait too. */
void wire_stall(struct wire *wire)
{
    while (!comes(wire, POLLRDHUP, 20) && !count_asked(wire->play))
        continue;
}

/* Makes OpenSSL read invalid bytes. OpenSSL sends an alert when it cannot decrypt. */
void wire_alert(struct wire *wire)
{
    static const char rubbish[] = "\x17\x03\x03\x00\x20"
                                  "thirty-two bytes nobody encrypted";
    char byte;

    SSL_set0_rbio(wire->ssl, BIO_new_mem_buf(rubbish, 5 + 32));
    (void)SSL_read(wire->ssl, &byte, 1);
    ERR_clear_error();
}

void wire_half(struct wire *wire)
{
    (void)shutdown(wire->fd, SHUT_WR);
    for (wire->from = wire->to; fill(wire);)
        wire->from = wire->to;
}

void wire_reset(struct wire *wire)
{
    const struct linger now = {.l_onoff = 1};

    (void)setsockopt(wire->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}
