/*
 * faultserver CA_FILE SECONDS: prints its control port on 127.0.0.1 and serves until the control connection closes, or
 * that many seconds have passed. Orders, one line each, and answers:
 *
 *   play listen|refuse|full LINES   that many lines follow      -> ID PORT
 *     connection                    a new script begins
 *     VERB NUMBER HEX               a step of it; - for no data
 *   count ID                        waits some seconds for the play's connections to end, then ends the play
 *                                   -> REQUESTS CONNECTIONS BYTES OPEN
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "faultserver.h"

enum { MAX_PLAYS = 2048, PATIENCE = 3 };

static struct play plays[MAX_PLAYS];
static size_t play_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *must(void *pointer)
{
    if (!pointer)
        abort();
    return pointer;
}

void count_request(struct play *play)
{
    pthread_mutex_lock(&lock);
    play->requests++;
    pthread_mutex_unlock(&lock);
}

void count_bytes(struct play *play, size_t bytes)
{
    pthread_mutex_lock(&lock);
    play->bytes += bytes;
    pthread_mutex_unlock(&lock);
}

bool count_asked(const struct play *play)
{
    pthread_mutex_lock(&lock);
    const bool asked = play->asked;
    pthread_mutex_unlock(&lock);
    return asked;
}

struct job {
    struct wire wire;
    const struct script *script;
};

static void *serve(void *argument)
{
    struct job *job = argument;

    script_run(job->script, &job->wire);
    close(job->wire.fd);
    SSL_free(job->wire.ssl);
    pthread_mutex_lock(&lock);
    job->wire.play->open--;
    pthread_mutex_unlock(&lock);
    free(job);
    return NULL;
}

static void welcome(struct play *play)
{
    const int one = 1;
    struct job *job = must(calloc(1, sizeof *job));
    pthread_t thread;

    job->wire.fd = accept(play->listener, NULL, NULL);
    if (job->wire.fd < 0 || play->count == 0) {
        free(job);
        return;
    }
    (void)setsockopt(job->wire.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    job->wire.play = play;
    job->script = &play->scripts[play->accepted < play->count ? play->accepted : play->count - 1];
    play->accepted++;
    pthread_mutex_lock(&lock);
    play->open++;
    pthread_mutex_unlock(&lock);
    if (pthread_create(&thread, NULL, serve, job) != 0)
        abort();
    pthread_detach(thread);
}

static int bound(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        abort();
    *port = ntohs(address.sin_port);
    return fd;
}

/* Fills the queue, which has room for one connection, so that the kernel answers no other connection. */
static void fill_queue(struct play *play, int port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};

    for (size_t i = 0; i < sizeof play->fillers / sizeof play->fillers[0]; i++) {
        play->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(play->fillers[i], (const struct sockaddr *)&address, sizeof address);
    }
}

static unsigned char digit(char hex)
{
    return (unsigned char)(hex <= '9' ? hex - '0' : hex - 'a' + 10);
}

/* Decodes hexadecimal text. "-" means no data. */
static unsigned char *from_hex(const char *hex, size_t *length)
{
    unsigned char *data = must(malloc(strlen(hex) / 2 + 1));

    for (*length = 0; hex[0] && hex[1]; hex += 2)
        data[(*length)++] = (unsigned char)(digit(hex[0]) << 4 | digit(hex[1]));
    data[*length] = '\0';
    return data;
}

static void add_line(struct play *play, char *line)
{
    struct script *script;
    struct step step = {.number = 0};
    char *data = strrchr(line, ' ');

    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, "connection") == 0) {
        play->scripts = must(realloc(play->scripts, (play->count + 1) * sizeof *play->scripts));
        play->scripts[play->count++] = (struct script){NULL, 0};
        return;
    }
    if (!data || sscanf(line, "%15s %ld", step.verb, &step.number) != 2 || play->count == 0)
        abort();
    step.data = from_hex(data + 1, &step.length);
    script = &play->scripts[play->count - 1];
    script->steps = must(realloc(script->steps, (script->count + 1) * sizeof step));
    script->steps[script->count++] = step;
}

static FILE *orders, *answers; /* the control connection */

static void add_play(const char *how, int lines)
{
    struct play *play = &plays[play_count];
    char *line = NULL;
    size_t size = 0;
    int port;

    if (play_count == MAX_PLAYS)
        abort();
    while (lines-- > 0 && getline(&line, &size, orders) > 0)
        add_line(play, line);
    free(line);
    play->listener = bound(&port);
    if (strcmp(how, "listen") == 0) {
        if (listen(play->listener, 64) != 0)
            abort();
    } else if (strcmp(how, "full") == 0) {
        if (listen(play->listener, 0) != 0)
            abort();
        fill_queue(play, port);
    }
    fprintf(answers, "%zu %d\n", play_count++, port);
    fflush(answers);
}

static void ask(struct play *play, bool asked)
{
    pthread_mutex_lock(&lock);
    play->asked = asked;
    pthread_mutex_unlock(&lock);
}

static void obey(const char *order)
{
    char how[16];
    size_t id;
    int lines;

    if (sscanf(order, "play %15s %d", how, &lines) == 2)
        add_play(how, lines);
    else if (sscanf(order, "count %zu", &id) == 1 && id < play_count)
        ask(&plays[id], true);
    else
        abort();
}

static void answer_count(struct play *play)
{
    pthread_mutex_lock(&lock);
    fprintf(answers, "%lu %lu %lu %d\n", play->requests, play->accepted, play->bytes, play->open);
    pthread_mutex_unlock(&lock);
    fflush(answers);
    close(play->listener);
    play->listener = -1;
    for (size_t i = 0; i < sizeof play->fillers / sizeof play->fillers[0]; i++)
        if (play->fillers[i] > 0)
            close(play->fillers[i]);
    ask(play, false);
}

static int open_now(const struct play *play)
{
    pthread_mutex_lock(&lock);
    const int open = play->open;
    pthread_mutex_unlock(&lock);
    return open;
}

/* Serves connections until there is an order to read. */
static void serve_all(void)
{
    static struct pollfd fds[MAX_PLAYS + 1];
    static struct play *owners[MAX_PLAYS + 1];
    time_t asked_at = 0;

    for (;;) {
        struct play *asked = NULL;
        nfds_t count = 1;
        bool busy = false;

        fds[0] = (struct pollfd){.fd = fileno(orders), .events = POLLIN};
        for (size_t i = 0; i < play_count; i++) {
            struct play *play = &plays[i];
            if (play->asked)
                asked = play;
            if (play->listener >= 0 && play->count > 0) {
                owners[count] = play;
                fds[count++] = (struct pollfd){.fd = play->listener, .events = POLLIN};
            }
        }
        if (asked && !asked_at)
            asked_at = time(NULL);
        (void)poll(fds, count, asked ? 2 : -1);
        for (nfds_t i = 1; i < count; i++) {
            if (fds[i].revents & POLLIN) {
                welcome(owners[i]);
                busy = true;
            }
        }
        if (asked && !busy && (open_now(asked) == 0 || time(NULL) - asked_at > PATIENCE)) {
            answer_count(asked);
            asked_at = 0;
        }
        if (fds[0].revents)
            return;
    }
}

int main(int argc, char **argv)
{
    char *order = NULL;
    size_t size = 0;
    int port;
    int control;
    const int listener = bound(&port);

    if (argc != 3 || listen(listener, 1) != 0)
        return 2;
    alarm((unsigned)atoi(argv[2])); /* ends the server even if the spec crashes */
    signal(SIGPIPE, SIG_IGN);
    certificates_make(argv[1]);
    printf("%d\n", port);
    fclose(stdout);
    control = accept(listener, NULL, NULL);
    if (control < 0)
        return 1;
    orders = must(fdopen(control, "r"));
    answers = must(fdopen(dup(control), "w"));
    for (serve_all(); getline(&order, &size, orders) > 0; serve_all())
        obey(order);
    return 0;
}
