/*
 * Makes many calls at once with curl multi and reused handles.
 * multi COUNT AT_ONCE: prints the seconds for all calls, and the CPU time.
 * multi hold COUNT SECONDS: starts COUNT calls, which the server must not answer in the next SECONDS. Then it prints
 * the bytes of memory for each call.
 */
#include "peer.h"

struct slot {
    CURL *easy;
    struct body body;
};

static CURLM *multi;

static struct slot *new_slots(int count)
{
    struct slot *slots = calloc((size_t)count, sizeof *slots);

    for (int i = 0; i < count; i++) {
        slots[i].easy = new_handle(&slots[i].body);
        curl_easy_setopt(slots[i].easy, CURLOPT_PRIVATE, &slots[i]);
    }
    return slots;
}

static void start(struct slot *slot)
{
    slot->body.length = 0;
    if (curl_multi_add_handle(multi, slot->easy) != CURLM_OK)
        fail("no more handles");
}

/* Makes count calls in these slots, at most at_once at a time. */
static void run(struct slot *slots, int count, int at_once)
{
    int started = 0;
    int finished = 0;
    int running;
    int left;
    CURLMsg *message;

    while (started < count && started < at_once)
        start(&slots[started++]);
    while (finished < count) {
        curl_multi_perform(multi, &running);
        while ((message = curl_multi_info_read(multi, &left))) {
            struct slot *slot;
            CURL *easy = message->easy_handle;
            curl_easy_getinfo(easy, CURLINFO_PRIVATE, &slot);
            check_answer(easy, message->data.result, &slot->body);
            curl_multi_remove_handle(multi, easy);
            finished++;
            if (started < count) {
                start(slot);
                started++;
            }
        }
        if (finished < count)
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
}

static double resident(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    double kilobytes = 0;

    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "VmRSS: %lf", &kilobytes) == 1)
            break;
    fclose(status);
    return kilobytes * 1024;
}

static void hold(int count, double seconds)
{
    const double before = resident();
    const double until = now() + seconds;
    struct slot *slots = new_slots(count);
    int running = 0;

    for (int i = 0; i < count; i++)
        start(&slots[i]);
    while (now() < until) {
        curl_multi_perform(multi, &running);
        curl_multi_poll(multi, NULL, 0, 50, NULL);
    }
    if (running != count)
        fail("not all are in flight");
    printf("%.0f\n", (resident() - before) / count);
}

int main(int argc, char **argv)
{
    const int holding = argc > 1 && strcmp(argv[1], "hold") == 0;
    const int count = argc > 2 ? atoi(argv[1 + holding]) : 1;
    const char *second = argc > 2 + holding ? argv[2 + holding] : "1";

    multi = curl_multi_init();
    /* To hold 1,000 calls, the library opens 16 connections. Without a limit, libcurl would open 900. */
    curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, holding ? 16L : 64L);
    run(new_slots(1), 1, 1); /* opens the connection */
    if (holding) {
        hold(count, atof(second));
    } else {
        const int at_once = atoi(second);
        struct slot *slots = new_slots(at_once);
        double begun;
        double cpu;
        run(slots, 10 * at_once, at_once);
        cpu = used();
        begun = now();
        run(slots, count, at_once);
        printf("%.9f %.6f\n", now() - begun, used() - cpu);
    }
    return 0;
}
