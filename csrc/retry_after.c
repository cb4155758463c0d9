#include "retry_after.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "date.h"

/*
 * Finds the first header line with this name. `name` has the form "\nretry-after:". Returns the text from the line's
 * value to the end of all headers, or "" if there is no such line.
 */
static const char *header_value(const char *headers, const char *name)
{
    const char *line = headers ? strcasestr(headers, name) : NULL;

    return line ? line + strlen(name) + strspn(line + strlen(name), " \t") : "";
}

double retry_after(const char *headers)
{
    enum { MAX_DELAY_DIGITS = 18 };
    const char *value = header_value(headers, "\nretry-after:");
    const size_t digits = strspn(value, "0123456789");
    time_t sent;

    if (*value == '\0')
        return 0;
    if (digits > MAX_DELAY_DIGITS)
        return 1e18;
    if (digits > 0) {
        const char *fraction = value + digits + (value[digits] == '.');
        const bool above = value[digits] == '.' && strspn(fraction, "0") < strspn(fraction, "0123456789");
        return (double)strtoll(value, NULL, 10) + above;
    }
    /* Counts the delay from the server's Date. A wrong clock shifts Date and Retry-After by the same amount. */
    sent = date_of(header_value(headers, "\ndate:"));
    /* for a text that is no date, date_of returns -1, a time in the past */
    return fmax(0, difftime(date_of(value), sent < 0 ? time(NULL) : sent));
}
