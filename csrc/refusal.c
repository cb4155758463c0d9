#include "refusal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "compat.h"
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

bool refuse_format(struct refusal *refusal, enum refusal_code code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(refusal->reason, sizeof refusal->reason, format, arguments);
    va_end(arguments);
    refusal->code = code;
    refusal->programmer_error = true;
    return false;
}

bool refuse_unexpected(struct refusal *refusal, enum refusal_code code, const char *got, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(refusal->expected, sizeof refusal->expected, format, arguments);
    va_end(arguments);
    copy(refusal->got, sizeof refusal->got, got);
    refusal->code = code;
    refusal->programmer_error = true;
    return false;
}

/* A part is kept whole or not at all: half of one could be half of the key, which no mask finds. */
static bool prepend(struct refusal *refusal, const char *before, const char *name, const char *after)
{
    static const char more[] = "...";
    char *path = refusal->field;
    const size_t most = sizeof refusal->field - sizeof more;
    size_t length = strlen(path);
    size_t part;

    if (strlen(before) + strlen(name) + strlen(after) > most)
        name = more;
    part = strlen(before) + strlen(name) + strlen(after);
    if (part + length > most) {
        memcpy(path, more, sizeof more);
        length = sizeof more - 1;
    }
    memmove(path + part, path, length + 1);
    memcpy(path, before, strlen(before));
    memcpy(path + strlen(before), name, strlen(name));
    memcpy(path + part - strlen(after), after, strlen(after));
    return false;
}

bool refuse_in_member(struct refusal *refusal, const char *name)
{
    return prepend(refusal, ".", name, "");
}

bool refuse_in_item(struct refusal *refusal, size_t index)
{
    char number[24];

    (void)snprintf(number, sizeof number, "%zu", index);
    return prepend(refusal, "[", number, "]");
}

bool refuse_in_key(struct refusal *refusal, const char *key)
{
    return prepend(refusal, "[\"", key, "\"]");
}

/* The path without the dot of its first part. */
static const char *field_of(const struct refusal *refusal)
{
    return refusal->field + (*refusal->field == '.');
}

/* Pushes what stands in the parentheses of "bad field 'x' (...)". */
static const char *push_detail(lua_State *L, const struct refusal *refusal)
{
    if (refusal->suggestion)
        return lua_pushfstring(L, "did you mean '%s'?", refusal->suggestion);
    if (!*refusal->expected)
        return lua_pushfstring(L, "%s", refusal->reason);
    return lua_pushfstring(L, "%s expected%s%s%s%s", refusal->expected, *refusal->got ? ", got " : "", refusal->got,
                           *refusal->reason ? ": " : "", refusal->reason);
}

static void push_words(lua_State *L, const struct refusal *refusal)
{
    const char *field = field_of(refusal);
    const char *detail = push_detail(L, refusal);

    switch (refusal->code) {
    case UNKNOWN_FIELD:
    case BAD_TYPE:
    case BAD_VALUE:
        lua_pushfstring(L, "bad field '%s' (%s)", field, detail);
        break;
    case BAD_OPTION:
        lua_pushfstring(L, "bad option '%s' (%s)", field, detail);
        break;
    case MISSING_FIELD:
        if (*refusal->field)
            lua_pushfstring(L, *detail ? "missing required argument '%s' (%s)" : "missing required argument '%s'",
                            field, detail);
        else
            lua_pushfstring(L, "missing required argument: %s", detail);
        break;
    case EMPTY_FIELD:
        lua_pushfstring(L, *detail ? "'%s' is empty (%s)" : "'%s' is empty", field, detail);
        break;
    case DUPLICATE_FIELD:
        lua_pushfstring(L, "'%s' is given twice", field);
        break;
    default:
        lua_pushstring(L, detail);
        break;
    }
    lua_replace(L, -2);
}

/* Replaces the string on top. */
static void mask(lua_State *L, const char *secret)
{
    push_masked(L, lua_tostring(L, -1), lua_rawlen(L, -1), secret);
    lua_replace(L, -2);
    quote_printable(L, QUOTE_ARGUMENT); /* names in it may come from data */
}

void refusal_push_message(lua_State *L, const struct refusal *refusal, const char *secret)
{
    push_words(L, refusal);
    mask(L, secret);
}

void refusal_set_fields(lua_State *L, const struct refusal *refusal, const char *secret)
{
    static const char *const codes[] = {
        [NOT_REFUSED] = "",
        [UNKNOWN_FIELD] = "unknown_field",
        [MISSING_FIELD] = "missing_field",
        [DUPLICATE_FIELD] = "duplicate_field",
        [CONFLICTING_FIELDS] = "conflicting_fields",
        [EMPTY_FIELD] = "empty",
        [BAD_TYPE] = "bad_type",
        [BAD_VALUE] = "bad_value",
        [BAD_ARGUMENTS] = "bad_arguments",
        [BAD_OPTION] = "bad_option",
        [UNDOCUMENTED] = "undocumented",
        [TOO_LONG] = "too_long",
        [NO_KEY] = "no_key",
    };

    cmr_set_string(L, "code", codes[refusal->code]);
    cmr_set_string(L, "expected", *refusal->expected ? refusal->expected : NULL);
    cmr_set_string(L, "suggestion", refusal->suggestion);
    cmr_set_string(L, "got", *refusal->got ? refusal->got : NULL);
    cmr_set_string(L, "reason", *refusal->reason ? refusal->reason : NULL);
    if (*refusal->field) {
        lua_pushstring(L, field_of(refusal));
        mask(L, secret);
        lua_setfield(L, -2, refusal->code == BAD_OPTION ? "option" : "field");
    }
}
