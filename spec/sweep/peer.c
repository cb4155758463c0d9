#include "peer.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_REQUEST = 64 * 1024, BIG = 256 * 1024 };

enum then {
    KEEP,  /* the connection stays for the next request */
    CLOSE, /* the peer closes it after the answer */
    RESET, /* the peer closes it with a RST */
    HOLD,  /* the peer sends no more, and keeps it open until the client closes it */
};

struct answer {
    const char *name;
    const char *head; /* status line and headers, without Content-Length; NULL: no answer */
    const char *body;
    enum then then;
    int delay; /* ms */
};

#define TYPE "\r\nContent-Type: application/json\r\n"
#define DATA "{\"status\":200,\"message\":\"ok\",\"data\":{\"list\":[1,2.5,null,{\"a\":null,\"b\":\"c\"}],\"total\":4}}"
/* {"status":200}, compressed with gzip */
#define ZIPPED                                                                                                         \
    "\x1f\x8b\x08\0\0\0\0\0\x02\xff\xab\x56\x2a\x2e\x49\x2c\x29\x2d\x56\xb2\x32\x32\x30\xa8\x05\0"                     \
    "\xa3\x3f\xf5\x3e\x0e\0\0\0"

static const struct answer answers[] = {
    {"ok", "200 OK" TYPE "X-Twice: 1\r\nx-twice: 2\r\n", DATA, KEEP, 0},
    {"slow", "200 OK" TYPE, DATA, KEEP, 3},
    {"last", "200 OK" TYPE "Connection: close\r\n", DATA, CLOSE, 0},
    {"continue", "100 Continue\r\n\r\nHTTP/1.1 200 OK" TYPE, DATA, KEEP, 0},
    {"gzip", "200 OK" TYPE "Content-Encoding: gzip\r\n", ZIPPED, KEEP, 0},
    {"gone", "404 Not Found" TYPE, "{\"status\":404,\"message\":\"User not found\",\"data\":null}", KEEP, 0},
    {"busy", "429 Too Many" TYPE "Retry-After: 1\r\n", "{\"status\":429,\"message\":\"Slow down\"}", KEEP, 0},
    {"week", "429 Too Many" TYPE "Retry-After: 1\r\n", "{\"status\":429,\"message\":\"3 per week\"}", KEEP, 0},
    {"html", "500 Oops\r\nContent-Type: text/html\r\n", "<html><b>Oops</b>\x1b[31m\xff</html>", KEEP, 0},
    {"text", "200 OK\r\nContent-Type: text/plain\r\n", "no object", KEEP, 0},
    {"empty", "200 OK" TYPE, "", KEEP, 0},
    {"big", "200 OK" TYPE, NULL, KEEP, 0},
    {"cut", "200 OK" TYPE "Content-Length: 1000\r\n", "{\"status\":200,\"da", CLOSE, 0},
    {"garbage", "OOPS\x01\x02\x03\r\n\r\n", "\xde\xad\xbe\xef", CLOSE, 0},
    {"close", NULL, "", CLOSE, 0},
    {"reset", NULL, "", RESET, 0},
    {"stop", "200 OK" TYPE "Content-Length: 1000\r\n", "{", RESET, 2},
    {"hold", NULL, "", HOLD, 0},
};

static bool put(int client, const char *bytes, size_t length)
{
    while (length) {
        const ssize_t sent = send(client, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

static bool put_answer(int client, const struct answer *answer)
{
    const bool zipped = strcmp(answer->name, "gzip") == 0;
    const size_t length = !answer->body ? BIG : zipped ? sizeof ZIPPED - 1 : strlen(answer->body);
    char spaces[1024];
    char head[512];
    bool alive;

    if (!answer->head)
        return true;
    if (strstr(answer->head, "Content-Length"))
        snprintf(head, sizeof head, "HTTP/1.1 %s\r\n", answer->head);
    else
        snprintf(head, sizeof head, "HTTP/1.1 %sContent-Length: %zu\r\n\r\n", answer->head, length);
    alive = put(client, head, strlen(head));
    if (answer->body)
        return alive && put(client, answer->body, length);
    memset(spaces, ' ', sizeof spaces);
    for (size_t sent = 0; alive && sent < BIG; sent += sizeof spaces)
        alive = put(client, spaces, sizeof spaces);
    return alive;
}

static const struct answer *find(const char *request)
{
    const char *name = strchr(request, '/');
    const size_t length = name ? strcspn(++name, "/ ") : 0;

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        if (strlen(answers[i].name) == length && strncmp(answers[i].name, name, length) == 0)
            return &answers[i];
    return &answers[0];
}

/* Reads one request with its body. Returns false at the end of the connection. */
static bool get(int client, char *request)
{
    size_t length = 0;
    size_t wanted = 0;

    do {
        const ssize_t count = recv(client, request + length, MAX_REQUEST - length, 0);
        const char *end;
        if (count <= 0)
            return false;
        length += (size_t)count;
        request[length] = '\0';
        end = strstr(request, "\r\n\r\n");
        if (end && !wanted) {
            const char *said = strcasestr(request, "\r\nContent-Length:");
            wanted = (size_t)(end - request) + 4 + (said && said < end ? strtoul(said + 17, NULL, 10) : 0);
        }
    } while (!wanted || length < wanted);
    return true;
}

static void *serve(void *argument)
{
    static const struct linger at_once = {.l_onoff = 1};
    static const int yes = 1;
    const int client = (int)(intptr_t)argument;
    char *request = malloc(MAX_REQUEST + 1);

    (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    while (request && get(client, request)) {
        const struct answer *answer = find(request);
        if (answer->delay)
            usleep((useconds_t)answer->delay * 1000);
        if (answer->then == RESET)
            (void)setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        if (!put_answer(client, answer) || answer->then == CLOSE || answer->then == RESET)
            break;
        if (answer->then == HOLD)
            while (recv(client, request, MAX_REQUEST, 0) > 0)
                ;
    }
    free(request);
    close(client);
    return NULL;
}

/* Serves each connection in a thread. The other end of `life` closes when the process that started this one ends. */
static void run(int listener, int life)
{
    struct pollfd ready[] = {{.fd = listener, .events = POLLIN}, {.fd = life, .events = POLLIN}};
    pthread_attr_t detached;

    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&detached, 256 * 1024);
    while (poll(ready, 2, -1) > 0 && !ready[1].revents) {
        const int client = accept(listener, NULL, NULL);
        pthread_t thread;
        if (client >= 0 && pthread_create(&thread, &detached, serve, (void *)(intptr_t)client) != 0)
            close(client);
    }
}

int peer_start(void)
{
    const struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    int life[2];
    pid_t pid;

    if (pipe(life) != 0 || bind(listener, (const struct sockaddr *)&any, sizeof any) != 0 ||
        listen(listener, 1024) != 0 || getsockname(listener, (struct sockaddr *)&address, &size) != 0 ||
        (pid = fork()) < 0) {
        perror("peer");
        exit(1);
    }
    if (pid == 0) {
        close(life[1]);
        run(listener, life[0]);
        _exit(0);
    }
    close(life[0]);
    close(listener);
    return ntohs(address.sin_port);
}
