/*
 * Makes calls one after another on one easy handle: easy COUNT [PAUSE [LIMIT]]. Waits PAUSE seconds between two calls,
 * and makes no more after LIMIT seconds. Prints the seconds for all calls, their CPU time, and the median and the 99th
 * percentile of the seconds for one call.
 */
#include "peer.h"

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 1;
    const double pause = argc > 2 ? atof(argv[2]) : 0;
    const double limit = argc > 3 ? atof(argv[3]) : 1e9;
    const struct timespec rest = {.tv_sec = (time_t)pause, .tv_nsec = (long)((pause - (double)(time_t)pause) * 1e9)};
    double *times = calloc((size_t)count, sizeof *times);
    struct body body = {0};
    CURL *easy = new_handle(&body);
    double begun;
    double cpu;

    for (int i = 0; i <= (pause > 0 ? 0 : count / 10); i++) { /* opens the connection and warms up */
        body.length = 0;
        check_answer(easy, curl_easy_perform(easy), &body);
    }
    cpu = used();
    begun = now();
    for (int i = 0; i < count; i++) {
        const double start = now();
        body.length = 0;
        check_answer(easy, curl_easy_perform(easy), &body);
        times[i] = now() - start;
        if (pause > 0)
            nanosleep(&rest, NULL);
        if (now() - begun > limit)
            count = i + 1;
    }
    printf("%.9f %.6f", now() - begun, used() - cpu);
    qsort(times, (size_t)count, sizeof *times, by_size);
    printf(" %.9f %.9f\n", times[count / 2], times[(int)(0.99 * (count - 1))]);
    return 0;
}
