/* The verbs of a script. */
#include <string.h>
#include <time.h>

#include "faultserver.h"

enum { HTTP2 = 1, OLD = 2 }; /* flags for the verb tls */

static void pause_ms(long ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&time, NULL);
}

/* Sends the data byte by byte, again and again, until the connection is closed. */
static bool drip(struct wire *wire, const struct step *step)
{
    for (size_t i = 0;; i = (i + 1) % step->length) {
        if (!wire_send(wire, step->data + i, 1))
            return false;
        pause_ms(step->number);
    }
}

static bool repeat(struct wire *wire, const struct step *step)
{
    for (long i = 0; i < step->number; i++)
        if (!wire_send(wire, step->data, step->length))
            return false;
    return true;
}

static bool is(const struct step *step, const char *verb)
{
    return strcmp(step->verb, verb) == 0;
}

/* Returns false when the connection ends here. */
static bool run(const struct step *step, struct wire *wire)
{
    if (is(step, "request"))
        return wire_request(wire);
    if (is(step, "send"))
        return wire_send(wire, step->data, step->length);
    if (is(step, "repeat"))
        return repeat(wire, step);
    if (is(step, "drip"))
        return drip(wire, step);
    if (is(step, "frame"))
        return wire_frame(wire, (int)(step->number >> 8), (int)(step->number & 255), step->data, step->length);
    if (is(step, "preface"))
        return wire_preface(wire, step);
    if (is(step, "tls"))
        return wire_tls(wire, (const char *)step->data, step->number & HTTP2, step->number & OLD);
    if (is(step, "sleep"))
        pause_ms(step->number);
    else if (is(step, "await"))
        wire_await(wire);
    else if (is(step, "stall"))
        wire_stall(wire);
    else if (is(step, "alert"))
        wire_alert(wire);
    else if (is(step, "notify"))
        (void)SSL_shutdown(wire->ssl);
    else if (is(step, "reset"))
        wire_reset(wire);
    return !is(step, "reset") && !is(step, "stall");
}

static size_t first_request(const struct script *script)
{
    size_t at = 0;

    while (at < script->count && !is(&script->steps[at], "request"))
        at++;
    return at;
}

void script_run(const struct script *script, struct wire *wire)
{
    size_t at = 0;

    while (at < script->count) {
        const struct step *step = &script->steps[at++];
        if (is(step, "again"))
            at = first_request(script);
        else if (!run(step, wire))
            return;
    }
    wire_half(wire); /* ends the connection without a reset; over TLS, only the step "notify" sends close_notify */
}
