/*
 * A refusal says what is wrong with an argument, a JSON value, a URL or an option.
 *
 * A function that may refuse takes a struct refusal, initialized to {0}, and returns false when it refuses. The
 * innermost function says what is wrong. Each caller puts its part of the field's path in front of the path so far. For
 * example, "[2]" becomes ".domains[2]". `refuse` and `refuse_in` return false, so `refuse(...) || refuse_in(...)` calls
 * both.
 */
#pragma once

#include <lua.h>
#include <stdbool.h>

enum refusal_code {
    NOT_REFUSED,
    UNKNOWN_FIELD,
    MISSING_FIELD,
    DUPLICATE_FIELD,    /* the field was given twice: positionally and by name */
    CONFLICTING_FIELDS, /* the fields exclude each other */
    EMPTY_FIELD,
    BAD_TYPE,
    BAD_VALUE,
    BAD_ARGUMENTS, /* there are too many arguments, or they are in the wrong order */
    BAD_OPTION,
    UNDOCUMENTED, /* the operation needs an endpoint from the user */
    TOO_LONG,
    NO_KEY,
};

struct refusal {
    enum refusal_code code;
    bool programmer_error;  /* the program is wrong, not its data; the Lua layer raises this refusal as an error */
    const char *suggestion; /* the name that the caller probably meant, or NULL */
    char expected[128];     /* the expected value in words; "" when `reason` says it */
    char got[32];           /* the given type, or the number that is out of range; "" when unknown */
    char reason[256];       /* what is wrong, in words, or "" */
    char field[512];        /* the path of the field or option, such as ".domains[2].domain", or "" */
};

/*
 * The next three functions fill the refusal and return false. All except refuse_data also set programmer_error. All
 * texts are copied and may be NULL.
 */
bool refuse(struct refusal *refusal, enum refusal_code code, const char *reason);
bool refuse_data(struct refusal *refusal, enum refusal_code code, const char *reason);
bool refuse_unexpected(struct refusal *refusal, enum refusal_code code, const char *got, const char *expected);

/*
 * Adds a new part, such as ".domain" or "[2]", in front of the old path. If the new part is too long, "..." stands for
 * it. If no room is left for the old path, "..." stands for the old path.
 */
bool refuse_in(struct refusal *refusal, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Pushes the message as one printable line, with the secret masked. */
void refusal_push_message(lua_State *L, const struct refusal *refusal, const char *secret);

/*
 * Sets the members code, expected, got, suggestion, reason and field of the table on top. A refusal with BAD_OPTION
 * sets the member `option` instead of `field`.
 */
void refusal_set_fields(lua_State *L, const struct refusal *refusal, const char *secret);
