/*
 * "No, because": what is wrong with an argument, a JSON value, a URL or an option.
 *
 * A function that may refuse takes a struct refusal that begins as {0}, and returns false when it refuses. The
 * innermost function says what is wrong; each caller on the way back adds its part of the path in front. refuse and
 * refuse_in return false, so that `refuse(...) || refuse_in(...)` does both.
 */
#pragma once

#include <lua.h>
#include <stdbool.h>

enum refusal_code {
    NOT_REFUSED,
    UNKNOWN_FIELD,
    MISSING_FIELD,
    DUPLICATE_FIELD,    /* positional and by name */
    CONFLICTING_FIELDS, /* only one of them can be given */
    EMPTY_FIELD,
    BAD_TYPE,
    BAD_VALUE,
    BAD_ARGUMENTS, /* too many, or in the wrong order */
    BAD_OPTION,
    UNDOCUMENTED, /* the operation cannot be called without an endpoint from the user */
    TOO_LONG,
    NO_KEY,
};

struct refusal {
    enum refusal_code code;
    bool programmer_error;  /* the program is wrong, not its data: the Lua layer raises it */
    const char *suggestion; /* the known name that the caller probably meant, or NULL */
    char expected[128];     /* in words; "": the reason says it */
    char got[32];           /* a type, or a number out of range; "": not known */
    char reason[256];       /* in words; "": none */
    char field[512];        /* ".domains[2].domain": the path of the field or option; "": none */
};

/* Each refuses: the programmer is wrong, except with refuse_data. All texts are copied and may be NULL. */
bool refuse(struct refusal *refusal, enum refusal_code code, const char *reason);
bool refuse_data(struct refusal *refusal, enum refusal_code code, const char *reason);
bool refuse_unexpected(struct refusal *refusal, enum refusal_code code, const char *got, const char *expected);

/* Adds a part, such as ".domain" or "[2]", in front of the path. A path that is too long loses its end. */
bool refuse_in(struct refusal *refusal, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Pushes the message: without the secret, fit for a line of a log. */
void refusal_push_message(lua_State *L, const struct refusal *refusal, const char *secret);

/* Sets code, field (option for BAD_OPTION), expected, got, suggestion and reason in the table on top. */
void refusal_set_fields(lua_State *L, const struct refusal *refusal, const char *secret);
