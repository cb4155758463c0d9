#include "json.h"

#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "compat.h"
#include "text.h"

enum { MAX_DEPTH = 100, MAX_NUMBER_BYTES = 64, MAX_PLAIN_DIGITS = 15, MAX_EXACT_DIGITS = 17, SURROGATE_BYTES = 6 };

#define MIN_INEXACT 9007199254740992.0 /* 2^53: from here on, two whole numbers may have the same double */

#define ARRAY_TYPE "cmr.array"
#define TEXT_TYPE "cmr.json.text"
#define DECODE "cmr.json.decode" /* registry key of the decode function of our lua-cjson instance */

static locale_t c_locale; /* the locale in which this file reads and writes numbers */

static void make_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", NULL);
}

static int text_gc(lua_State *L)
{
    buffer_free(luaL_checkudata(L, 1, TEXT_TYPE));
    return 0;
}

/*
 * Pushes the decode function of a new lua-cjson instance. If the locale's decimal point has several bytes, lua-cjson
 * would end the process. In such a locale, load_decoder switches to the C locale while it makes the instance.
 */
static void load_decoder(lua_State *L)
{
    const bool would_abort = strlen(localeconv()->decimal_point) > 1;
    const locale_t before = uselocale(would_abort ? c_locale : NULL);
    int status = luaL_loadstring(L, "local decoder = require('cjson').new()\n"
                                    "decoder.decode_invalid_numbers(false)\n"
                                    "decoder.decode_max_depth(...)\n"
                                    "return decoder.decode");

    if (status == 0) {
        lua_pushinteger(L, MAX_DEPTH);
        status = lua_pcall(L, 1, 1, 0);
    }
    (void)uselocale(before);
    if (status != 0)
        (void)lua_error(L);
}

void json_open(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__gc", text_gc}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{NULL, NULL}};
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    luaL_newmetatable(L, ARRAY_TYPE);
    cmr_set_string(L, "__name", ARRAY_TYPE); /* Lua 5.1 does not set it */
    cmr_newtype(L, TEXT_TYPE, meta, methods);

    (void)pthread_once(&once, make_locale);
    if (!c_locale)
        luaL_error(L, "not enough memory");
    load_decoder(L);
    lua_setfield(L, LUA_REGISTRYINDEX, DECODE);
    lua_pop(L, 1);
}

void json_push_null(lua_State *L)
{
    lua_pushlightuserdata(L, NULL); /* cmr.null is the same value as cjson.null */
}

bool json_is_null(lua_State *L, int index)
{
    return lua_islightuserdata(L, index) && lua_touserdata(L, index) == NULL;
}

int json_array(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argcheck(L, !lua_getmetatable(L, 1) || json_is_marked(L, 1), 1, "the table has a metatable already");
    lua_settop(L, 1);
    cmr_setmetatable(L, ARRAY_TYPE);
    return 1;
}

bool json_is_marked(lua_State *L, int index)
{
    return cmr_has_metatable(L, index, ARRAY_TYPE);
}

void json_push_empty_array(lua_State *L)
{
    lua_newtable(L);
    cmr_setmetatable(L, ARRAY_TYPE);
}

bool json_check_array(lua_State *L, int index, struct refusal *refusal)
{
    size_t keys = 0;

    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        keys++;
    return keys == lua_rawlen(L, index) || refuse(refusal, BAD_VALUE, "an array cannot have holes or names");
}

bool json_check_own(lua_State *L, int index, struct refusal *refusal)
{
    lua_pushnil(L);
    if (lua_next(L, index)) {
        lua_pop(L, 2);
        return true;
    }
    if (!luaL_getmetafield(L, index, "__index") && !luaL_getmetafield(L, index, "__pairs"))
        return true;
    lua_pop(L, 1);
    return refuse(refusal, BAD_VALUE, "the table is empty, and cmr does not look into its metatable: copy the entries");
}

static bool check_finite(double value, struct refusal *refusal)
{
    return isfinite(value) || refuse(refusal, BAD_VALUE, "JSON has no such number");
}

bool json_check_number(lua_State *L, int index, struct refusal *refusal)
{
    const double value = lua_tonumber(L, index);

#if LUA_VERSION_NUM >= 503
    if (lua_isinteger(L, index))
        return true;
#endif
    return check_finite(value, refusal) &&
           (fabs(value) < MIN_INEXACT ||
            refuse(refusal, BAD_VALUE, "a number this large may have lost digits: send it as a string"));
}

/*
 * Writes a whole float below 2^53 with all its digits. Writes any other float with the fewest digits that read back as
 * the same float.
 */
static void write_float(char text[MAX_NUMBER_BYTES], double value)
{
    const bool whole = floor(value) == value && fabs(value) < MIN_INEXACT;
    const locale_t before = uselocale(c_locale);

    if (whole)
        (void)snprintf(text, MAX_NUMBER_BYTES, "%.0f", value);
    else
        for (int digits = 15; digits <= MAX_EXACT_DIGITS; digits++) {
            (void)snprintf(text, MAX_NUMBER_BYTES, "%.*g", digits, value);
            if (strtod(text, NULL) == value)
                break;
        }
    if (!whole && !strpbrk(text, ".e")) { /* adds ".0": otherwise the float would read back as an integer */
        const size_t length = strlen(text);
        (void)snprintf(text + length, MAX_NUMBER_BYTES - length, ".0");
    }
    (void)uselocale(before);
}

const char *json_push_number(lua_State *L, int index)
{
    char text[MAX_NUMBER_BYTES];

#if LUA_VERSION_NUM >= 503
    if (lua_isinteger(L, index))
        return lua_pushfstring(L, "%I", (LUAI_UACINT)lua_tointeger(L, index));
#endif
    write_float(text, lua_tonumber(L, index));
    lua_pushstring(L, text);
    return lua_tostring(L, -1);
}

/*
 * One pass over a value checks it and appends its text. The pass leaves values on the stack; json_encode removes them.
 */
struct encoder {
    lua_State *L;
    struct buffer *text;
    bool is_request; /* if set, the pass refuses text that is not UTF-8, and floats that may have lost digits */
    struct refusal *refusal;
};

static void append(struct encoder *encoder, const char *bytes, size_t length)
{
    if (!buffer_append(encoder->text, bytes, length))
        luaL_error(encoder->L, "not enough memory");
}

static void append_text(struct encoder *encoder, const char *text)
{
    append(encoder, text, strlen(text));
}

static void append_escape(struct encoder *encoder, char character)
{
    static const char special[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *found = strchr(special, character);
    char escape[8];

    (void)snprintf(escape, sizeof escape, found ? "\\%c" : "\\u%04x", found ? letters[found - special] : character);
    append_text(encoder, escape);
}

/* Appends the string at index, quoted. The reason of a refusal begins with `subject`. */
static bool append_string(struct encoder *encoder, int index, const char *subject)
{
    lua_State *L = encoder->L;
    const char *text = text_without_nul(L, index);
    const char *start = text; /* all bytes before start are already appended */

    if (!text || (encoder->is_request && !text_is_utf8(text, lua_rawlen(L, index))))
        return refuse_data(encoder->refusal, BAD_VALUE,
                           lua_pushfstring(L, text ? "%s is not UTF-8" : "%s holds a NUL byte", subject));
    append_text(encoder, "\"");
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == '"' || *text == '\\' || *text == 0x7F) {
            append(encoder, start, (size_t)(text - start));
            append_escape(encoder, *text);
            start = text + 1;
        }
    append(encoder, start, (size_t)(text - start));
    append_text(encoder, "\"");
    return true;
}

static bool append_value(struct encoder *encoder, int index, int depth);

static bool append_array(struct encoder *encoder, int index, int depth)
{
    lua_State *L = encoder->L;
    const size_t length = lua_rawlen(L, index);

    if (!json_check_array(L, index, encoder->refusal))
        return false;
    append_text(encoder, "[");
    for (size_t i = 1; i <= length; i++) {
        if (i > 1)
            append_text(encoder, ",");
        lua_rawgeti(L, index, (int)i);
        if (!append_value(encoder, lua_gettop(L), depth))
            return refuse_in(encoder->refusal, "[%zu]", i);
        lua_pop(L, 1);
    }
    append_text(encoder, "]");
    return true;
}

static bool append_object(struct encoder *encoder, int index, int depth)
{
    lua_State *L = encoder->L;
    const int key = lua_gettop(L) + 1;
    const char *before = "{";

    if (encoder->is_request && !json_check_own(L, index, encoder->refusal))
        return false;
    for (lua_pushnil(L); lua_next(L, index); lua_settop(L, key), before = ",") {
        if (!text_without_nul(L, key))
            return refuse(encoder->refusal, BAD_VALUE,
                          lua_type(L, key) == LUA_TSTRING ? "it has a name with a NUL byte"
                                                          : "a table needs either names or the numbers 1 to n");
        append_text(encoder, before);
        if (!append_string(encoder, key, "it has a name that"))
            return false;
        append_text(encoder, ":");
        if (!append_value(encoder, key + 1, depth))
            return refuse_in(encoder->refusal, ".%s", lua_tostring(L, key));
    }
    append_text(encoder, *before == '{' ? "{}" : "}");
    return true;
}

static bool append_number(struct encoder *encoder, int index)
{
    if (!(encoder->is_request ? json_check_number(encoder->L, index, encoder->refusal)
                              : check_finite(lua_tonumber(encoder->L, index), encoder->refusal)))
        return false;
    append_text(encoder, json_push_number(encoder->L, index));
    lua_pop(encoder->L, 1);
    return true;
}

static bool append_value(struct encoder *encoder, int index, int depth)
{
    lua_State *L = encoder->L;

    luaL_checkstack(L, 8, "nested too deep");
    switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
        append_text(encoder, lua_toboolean(L, index) ? "true" : "false");
        return true;
    case LUA_TNUMBER:
        return append_number(encoder, index);
    case LUA_TSTRING:
        return append_string(encoder, index, "it");
    case LUA_TTABLE:
        if (depth >= MAX_DEPTH)
            return refuse(encoder->refusal, BAD_VALUE, "nested too deep");
        return json_is_marked(L, index) || lua_rawlen(L, index) > 0 ? append_array(encoder, index, depth + 1)
                                                                    : append_object(encoder, index, depth + 1);
    default:
        if (!json_is_null(L, index))
            return refuse(encoder->refusal, BAD_VALUE,
                          lua_pushfstring(L, "a %s cannot be sent as JSON", luaL_typename(L, index)));
        append_text(encoder, "null");
        return true;
    }
}

bool json_encode(lua_State *L, int index, bool is_request, struct buffer *text, struct refusal *refusal)
{
    struct encoder encoder = {.L = L, .is_request = is_request, .text = text, .refusal = refusal};
    const int top = lua_gettop(L);
    const bool encoded = append_value(&encoder, index, 0);

    lua_settop(L, top);
    return encoded;
}

/*
 * A scan of the text before lua-cjson decodes it. lua-cjson accepts some numbers and strings that the JSON standard
 * forbids: the scan refuses them. lua-cjson refuses a lone surrogate: the scan replaces it by U+FFFD.
 *
 * lua-cjson would read fractions as the locale says, and would round long numbers. So the scan replaces every number
 * that has a fraction, an exponent or many digits. The replacement is the whole number 2^53 + 2 * position. No number
 * that the scan keeps is so large. So `tidy` recognizes a replacement, and finds the original number at its position.
 * In a request, the scan also replaces each empty array, because lua-cjson decodes an empty array like an empty object.
 */
struct scan {
    lua_State *L;
    const char *text;
    const char *end;
    bool is_request;
    const char *unwritten; /* the bytes before this one are already in the new text */
    size_t members;        /* the number of members in all objects */
    luaL_Buffer written;
    bool keep_positions; /* keep the text's length when replacing a number, so that positions in messages are right */
};

static bool scan_fails(struct scan *scan, const char *problem, const char *at)
{
    luaL_pushresult(&scan->written); /* closes the buffer, which may have a userdata on the stack in Lua 5.4 */
    lua_pushfstring(scan->L, "%s at character %d", problem, (int)(at - scan->text) + 1);
    return false;
}

static void write_instead(struct scan *scan, const char *at, size_t length, const char *replacement)
{
    luaL_addlstring(&scan->written, scan->unwritten, (size_t)(at - scan->unwritten));
    luaL_addlstring(&scan->written, replacement, strlen(replacement));
    scan->unwritten = at + length;
}

static size_t count_digits(const char *text)
{
    size_t count = 0;

    while (text[count] >= '0' && text[count] <= '9')
        count++;
    return count;
}

/* Returns the length of the JSON number at the start of text, or 0. The text ends with a NUL. */
static size_t number_length(const char *text, bool *is_plain)
{
    const char *at = text + (*text == '-');
    size_t digits = *at == '0' ? 1 : count_digits(at);
    bool is_number = digits > 0;

    *is_plain = digits <= MAX_PLAIN_DIGITS;
    at += digits;
    if (*at == '.') {
        digits = count_digits(++at);
        is_number = is_number && digits > 0;
        *is_plain = false;
        at += digits;
    }
    if (*at == 'e' || *at == 'E') {
        at += at[1] == '+' || at[1] == '-' ? 2 : 1;
        digits = count_digits(at);
        is_number = is_number && digits > 0;
        *is_plain = false;
        at += digits;
    }
    return is_number && (*at == '\0' || !strchr("0123456789.eE+-", *at)) ? (size_t)(at - text) : 0;
}

/*
 * Replaces the `length` bytes at `at` by a whole number. The number encodes the position `at` in the text, so that tidy
 * can find the original bytes. A space stands on each side of the number. Without the spaces, the invalid text `[]2`
 * would become one valid number.
 */
static void write_position(struct scan *scan, const char *at, size_t length)
{
    char number[MAX_NUMBER_BYTES];

    (void)snprintf(number, sizeof number, " %llu ", (1ULL << 53) + 2 * (unsigned long long)(at - scan->text));
    write_instead(scan, at, length, number);
}

static const char *scan_number(struct scan *scan, const char *at)
{
    bool is_plain;
    const size_t length = number_length(at, &is_plain);

    if (length == 0)
        return NULL;
    if (!is_plain && scan->keep_positions) {
        write_instead(scan, at, 1, "0");
        for (size_t i = 1; i < length; i++)
            write_instead(scan, at + i, 1, " ");
    } else if (!is_plain) {
        write_position(scan, at, length);
    }
    return at + length;
}

static const char *scan_bracket(struct scan *scan, const char *at)
{
    const size_t length = 1 + strspn(at + 1, " \t\r\n");

    if (scan->is_request && !scan->keep_positions && at[length] == ']')
        write_position(scan, at, length + 1);
    return at + length + (at[length] == ']');
}

/* Returns the UTF-16 unit of a \u escape, or -1. */
static long escaped_unit(const char *at)
{
    char digits[5] = {0};

    if (strncmp(at, "\\u", 2) != 0 || strspn(at + 2, "0123456789abcdefABCDEF") < 4)
        return -1;
    memcpy(digits, at + 2, 4);
    return strtol(digits, NULL, 16);
}

static const char *scan_escape(struct scan *scan, const char *at)
{
    const long unit = escaped_unit(at);

    if (unit >= 0xD800 && unit < 0xDC00) {
        const long next = escaped_unit(at + SURROGATE_BYTES);
        if (next >= 0xDC00 && next < 0xE000)
            return at + SURROGATE_BYTES + SURROGATE_BYTES;
    }
    if (unit >= 0xD800 && unit < 0xE000)
        write_instead(scan, at, SURROGATE_BYTES, "\\ufffd");
    return at + 1 + (at[1] != '\0');
}

/*
 * Returns the end of the string whose text starts at `at`, after the opening quote. The end is the closing quote, a
 * control character or the NUL.
 */
static const char *scan_string(struct scan *scan, const char *at)
{
    while (*at != '"' && (unsigned char)*at >= 0x20)
        at = *at == '\\' ? scan_escape(scan, at) : at + 1;
    return at;
}

/* Pushes the text for lua-cjson. On a failure, pushes a message and returns false. */
static bool push_scanned(struct scan *scan)
{
    const char *at = scan->text;
    const char *begin;

    scan->unwritten = at;
    scan->members = 0;
    luaL_buffinit(scan->L, &scan->written);
    while (at < scan->end) {
        begin = at;
        if (*at == '"') {
            at = scan_string(scan, at + 1);
            if (at < scan->end && *at != '"')
                return scan_fails(scan, "a control character in a string", at);
            at++;
        } else if (*at == '-' || (*at >= '0' && *at <= '9')) {
            at = scan_number(scan, at);
            if (!at)
                return scan_fails(scan, "an invalid number", begin);
        } else if (*at == '[') {
            at = scan_bracket(scan, at);
        } else {
            scan->members += *at == ':';
            at++;
        }
    }
    if (scan->unwritten == scan->text) { /* nothing was replaced */
        lua_pushlstring(scan->L, scan->text, (size_t)(scan->end - scan->text));
    } else {
        luaL_addlstring(&scan->written, scan->unwritten, (size_t)(scan->end - scan->unwritten));
        luaL_pushresult(&scan->written);
    }
    return true;
}

static double read_double(const char *text)
{
    const locale_t before = uselocale(c_locale);
    const double value = strtod(text, NULL);

    (void)uselocale(before);
    return value;
}

/*
 * Counts a number's digits, without the zeros at both ends, and writes as many of these digits as fit. Returns the
 * count.
 */
static size_t significant_digits(const char *number, char digits[MAX_EXACT_DIGITS + 1])
{
    size_t count = 0, significant = 0;

    for (; *number != '\0' && *number != 'e' && *number != 'E'; number++) {
        if (*number < '0' || *number > '9' || (count == 0 && *number == '0'))
            continue;
        if (count < MAX_EXACT_DIGITS)
            digits[count] = *number;
        count++;
        if (*number != '0')
            significant = count;
    }
    digits[significant < MAX_EXACT_DIGITS ? significant : MAX_EXACT_DIGITS] = '\0';
    return significant;
}

/*
 * Returns whether a double equals a number's text. Writes the double with as many digits as the text has, and compares
 * the digits. Returns false for a text with more than MAX_EXACT_DIGITS significant digits.
 */
static bool is_same_number(double value, const char *number)
{
    char text[MAX_NUMBER_BYTES], expected[MAX_EXACT_DIGITS + 1], digits[MAX_EXACT_DIGITS + 1];
    const size_t count = significant_digits(number, expected);

    if (!isfinite(value) || count > MAX_EXACT_DIGITS)
        return false;
    (void)snprintf(text, sizeof text, "%.*e", (int)count - 1, value);
    (void)significant_digits(text, digits);
    return strcmp(digits, expected) == 0;
}

/*
 * Pushes a whole number as an integer. The number's absolute value is 2^53 or more. Returns false and pushes nothing
 * when this Lua has no such integer.
 */
static bool push_large_integer(lua_State *L, const char *digits)
{
#if LUA_VERSION_NUM >= 503
    long long value;

    errno = 0;
    value = strtoll(digits, NULL, 10);
    if (errno != ERANGE && value >= LUA_MININTEGER && value <= LUA_MAXINTEGER) {
        lua_pushinteger(L, (lua_Integer)value);
        return true;
    }
#else
    (void)L;
    (void)digits;
#endif
    return false;
}

static void push_small_number(lua_State *L, double value)
{
#if LUA_VERSION_NUM >= 503
    if (floor(value) == value) {
        lua_pushinteger(L, (lua_Integer)value);
        return;
    }
#endif
    lua_pushnumber(L, value + 0.0); /* -0 becomes 0 */
}

/*
 * The text as it was before the scan, for the function `tidy`: the scan may have replaced numbers and empty arrays.
 * `tidy` treats requests and answers differently:
 *                                   in a request   in an answer
 *   null member                     is kept        is dropped
 *   number that Lua might round     is refused     becomes a string
 */
struct source {
    const char *text;
    bool is_request;
    size_t members; /* how many members tidy has seen */
};

/*
 * Tidies the number on top. A number that the scan wrote into the text becomes what the scan replaced: the original
 * number, or an empty array. A whole number becomes an integer. If a number is not between -2^53 and 2^53, and this Lua
 * might round it, it becomes a string in an answer. In a request, the function refuses such a number and returns false.
 */
static bool tidy_number(lua_State *L, const struct source *source)
{
    double value = lua_tonumber(L, -1);
    const char *number;
    size_t length;
    bool is_plain;

    lua_pop(L, 1);
    if (value < MIN_INEXACT) {
        push_small_number(L, value);
        return true;
    }
    number = source->text + (size_t)((value - MIN_INEXACT) / 2);
    if (*number == '[') {
        json_push_empty_array(L);
        return true;
    }
    length = number_length(number, &is_plain);
    lua_pushlstring(L, number, length);
    number = lua_tostring(L, -1);
    value = read_double(number);
    if (fabs(value) < MIN_INEXACT)
        push_small_number(L, value);
    else if (!strpbrk(number, ".eE") ? !push_large_integer(L, number) : !is_same_number(value, number))
        return !source->is_request;
    else if (strpbrk(number, ".eE"))
        lua_pushnumber(L, value);
    lua_replace(L, -2);
    return true;
}

/* Tidies the numbers in the value on top. Drops the null members of an answer. Returns false if tidy_number fails. */
static bool tidy(lua_State *L, struct source *source)
{
    const int key = lua_gettop(L) + 1;

    if (!lua_istable(L, -1))
        return lua_type(L, -1) != LUA_TNUMBER || tidy_number(L, source);
    luaL_checkstack(L, 5, "nested too deep");
    for (lua_pushnil(L); lua_next(L, key - 1); lua_settop(L, key)) {
        const int type = lua_type(L, -1);
        source->members += lua_type(L, key) == LUA_TSTRING;
        if (type == LUA_TTABLE && !tidy(L, source))
            return false;
        if (type == LUA_TNUMBER) {
            lua_pushvalue(L, key);
            lua_insert(L, -2);
            if (!tidy_number(L, source))
                return false;
            lua_rawset(L, key - 1);
        } else if (!source->is_request && lua_type(L, key) == LUA_TSTRING && json_is_null(L, -1)) {
            lua_pushvalue(L, key);
            lua_pushnil(L);
            lua_rawset(L, key - 1);
        }
    }
    return true;
}

/* Pushes the value that lua-cjson decodes from the text. On a failure, pushes a message and returns false. */
static bool push_decoded(struct scan *scan)
{
    lua_State *L = scan->L;
    locale_t before;
    int status;

    if (!push_scanned(scan))
        return false;
    lua_getfield(L, LUA_REGISTRYINDEX, DECODE);
    lua_insert(L, -2);
    before = uselocale(c_locale); /* where the locale has a decimal comma, [1,5] could become the one number 1.5 */
    status = lua_pcall(L, 1, 1, 0);
    (void)uselocale(before);
    if (status == LUA_ERRMEM)
        lua_error(L);
    if (status != 0 && !scan->keep_positions) {
        scan->keep_positions = true;
        return push_decoded(scan);
    }
    return status == 0;
}

size_t json_mark_length(const char *text)
{
    return strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

bool json_decode(lua_State *L, const char *text, size_t length, bool is_request)
{
    const int top = lua_gettop(L);
    const size_t mark = json_mark_length(text);
    struct scan scan = {.L = L, .text = text + mark, .end = text + length, .is_request = is_request};
    struct source source = {.text = scan.text, .is_request = is_request};
    bool is_decoded = false;

    luaL_checkstack(L, LUA_MINSTACK, "not enough memory");
    if (memchr(text, '\0', length)) {
        lua_pushliteral(L, "a NUL byte");
    } else if (push_decoded(&scan)) {
        is_decoded = tidy(L, &source);
        if (!is_decoded) {
            lua_pushfstring(L, "the number %s, which this Lua would round: write it as a string", lua_tostring(L, -1));
        } else if (is_request && source.members < scan.members) {
            is_decoded = false;
            lua_pushliteral(L, "an object has the same member twice");
        }
    }
    lua_insert(L, top + 1);
    lua_settop(L, top + 1);
    return is_decoded;
}

int json_encode_value(lua_State *L)
{
    struct refusal refusal = {0};
    struct buffer *text; /* in a userdata, so that the collector frees the buffer if an error ends this function */

    luaL_checkany(L, 1);
    text = cmr_newuserdata(L, sizeof *text);
    buffer_init(text, SIZE_MAX / 4);
    cmr_setmetatable(L, TEXT_TYPE);
    if (json_encode(L, 1, false, text, &refusal)) {
        lua_pushlstring(L, text->data, text->length);
        buffer_free(text);
        return 1;
    }
    (void)refuse_in(&refusal, ".value");
    refusal_push_message(L, &refusal, NULL);
    return lua_error(L);
}

int json_decode_value(lua_State *L)
{
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);

    if (json_decode(L, text, length, lua_toboolean(L, 2)))
        return 1;
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}
