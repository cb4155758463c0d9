#include "refusal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "compat.h"
#include "mask.h"
#include "text.h"

static void copy(char *to, size_t size, const char *text)
{
    (void)snprintf(to, size, "%s", text ? text : "");
}

bool refuse_data(struct refusal *refusal, enum refusal_code code, const char *reason)
{
    refusal->code = code;
    copy(refusal->reason, sizeof refusal->reason, reason);
    return false;
}

bool refuse(struct refusal *refusal, enum refusal_code code, const char *reason)
{
    refusal->programmer_error = true;
    return refuse_data(refusal, code, reason);
}

bool refuse_unexpected(struct refusal *refusal, enum refusal_code code, const char *got, const char *expected)
{
    copy(refusal->expected, sizeof refusal->expected, expected);
    copy(refusal->got, sizeof refusal->got, got);
    refusal->code = code;
    refusal->programmer_error = true;
    return false;
}

/* If a text is too long, replaces the whole text with dots. A cut text could show half of an API key. */
bool refuse_in(struct refusal *refusal, const char *format, ...)
{
    static const char more[] = "...";
    char path[sizeof refusal->field];
    const size_t most = sizeof path - sizeof more;
    va_list arguments;
    size_t length;

    va_start(arguments, format);
    length = (size_t)vsnprintf(path, sizeof path, format, arguments);
    va_end(arguments);
    if (length > most)
        length = (size_t)snprintf(path, sizeof path, ".%s", more);
    copy(path + length, sizeof path - length, length + strlen(refusal->field) > most ? more : refusal->field);
    memcpy(refusal->field, path, sizeof path);
    return false;
}

static const struct {
    const char *name;
    const char *format; /* the format of a message about a field; NULL when the detail is the whole message */
} codes[] = {
    [UNKNOWN_FIELD] = {"unknown_field", "bad field '%s'"},
    [MISSING_FIELD] = {"missing_field", "missing required argument '%s'"},
    [DUPLICATE_FIELD] = {"duplicate_field", "'%s' is given twice"},
    [CONFLICTING_FIELDS] = {"conflicting_fields", NULL},
    [EMPTY_FIELD] = {"empty", "'%s' is empty"},
    [BAD_TYPE] = {"bad_type", "bad field '%s'"},
    [BAD_VALUE] = {"bad_value", "bad field '%s'"},
    [BAD_ARGUMENTS] = {"bad_arguments", NULL},
    [BAD_OPTION] = {"bad_option", "bad option '%s'"},
    [UNDOCUMENTED] = {"undocumented", NULL},
    [TOO_LONG] = {"too_long", NULL},
    [NO_KEY] = {"no_key", NULL},
};

/* Returns the path without its leading dot. */
static const char *field_of(const struct refusal *refusal)
{
    return refusal->field + (*refusal->field == '.');
}

/* Pushes the detail: the text in the parentheses of "bad field 'x' (...)". */
static const char *push_detail(lua_State *L, const struct refusal *refusal)
{
    if (refusal->suggestion)
        return lua_pushfstring(L, "did you mean '%s'?", refusal->suggestion);
    if (!*refusal->expected)
        return lua_pushfstring(L, "%s", refusal->reason);
    return lua_pushfstring(L, "%s expected%s%s%s%s", refusal->expected, *refusal->got ? ", got " : "", refusal->got,
                           *refusal->reason ? ": " : "", refusal->reason);
}

/* Masks the secret in the string on top, and makes the string printable. */
static void mask(lua_State *L, const char *secret)
{
    push_masked(L, lua_tostring(L, -1), lua_rawlen(L, -1), secret);
    lua_replace(L, -2);
    quote_printable(L, QUOTE_ARGUMENT); /* the message may contain names from the user's data */
}

void refusal_push_message(lua_State *L, const struct refusal *refusal, const char *secret)
{
    const char *format = codes[refusal->code].format;
    const char *detail = push_detail(L, refusal);

    if (*refusal->field && format) {
        const char *subject = lua_pushfstring(L, format, field_of(refusal));
        lua_pushfstring(L, *detail ? "%s (%s)" : "%s", subject, detail);
        lua_replace(L, -3);
        lua_pop(L, 1);
    } else if (refusal->code == MISSING_FIELD) {
        lua_pushfstring(L, "missing required argument: %s", detail);
        lua_replace(L, -2);
    }
    mask(L, secret);
}

static void set_words(lua_State *L, const char *name, const char *words)
{
    cmr_set_string(L, name, *words ? words : NULL);
}

void refusal_set_fields(lua_State *L, const struct refusal *refusal, const char *secret)
{
    cmr_set_string(L, "code", codes[refusal->code].name);
    cmr_set_string(L, "suggestion", refusal->suggestion);
    set_words(L, "expected", refusal->expected);
    set_words(L, "got", refusal->got);
    set_words(L, "reason", refusal->reason);
    if (*refusal->field) {
        lua_pushstring(L, field_of(refusal));
        mask(L, secret);
        lua_setfield(L, -2, refusal->code == BAD_OPTION ? "option" : "field");
    }
}
