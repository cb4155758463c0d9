/* Gives Lua values of any shape to an operation, to a raw request and to the JSON encoder. */
#include "arguments.h"
#include "call.h"
#include "fuzz.h"
#include "operations.h"

static const char *const texts[] = {"",      "a",    "a b&c=d/\xC3\xA4", "\xFF",      "a\r\nb",
                                    "../..", "{}",   "\"\\\x01\x7F",     "\\u0000[]", "https://example.com/?#",
                                    "query", "body", FUZZ_KEY,           NULL};

static void push_value(lua_State *L, struct input *input, const struct operation *operation, int depth);

/* Pushes the name of a field: mostly one of the operation's, sometimes any string. */
static void push_name(lua_State *L, struct input *input, const struct operation *operation)
{
    unsigned params = 0;
    const char *name;

    while (operation && operation->params[params].name)
        params++;
    if (!params || take(input, 8) == 0) {
        push_string(L, input);
        return;
    }
    name = operation->params[take(input, params)].name;
    for (const char *at = name; *at; at++) /* takes the last part: "domain" of "domains[].domain" */
        if (*at == '.' && at[1] && at[1] != '*')
            name = at + 1;
    lua_pushstring(L, name);
}

static void push_list(lua_State *L, struct input *input, const struct operation *operation, int depth)
{
    const int count = (int)take(input, 6);

    lua_newtable(L);
    for (int i = 1; i <= count; i++) {
        push_value(L, input, operation, depth + 1);
        lua_rawseti(L, -2, i);
    }
}

static void push_object(lua_State *L, struct input *input, const struct operation *operation, int depth)
{
    const int count = (int)take(input, 8);

    lua_newtable(L);
    for (int i = 0; i < count; i++) {
        push_name(L, input, operation);
        push_value(L, input, operation, depth + 1);
        lua_rawset(L, -3);
    }
}

/* Pushes nested tables, perhaps deeper than the core accepts. */
static void push_nest(lua_State *L, struct input *input)
{
    const unsigned depth = take(input, 130);

    lua_pushinteger(L, 1);
    for (unsigned i = 0; i < depth; i++) {
        lua_createtable(L, 1, 0);
        lua_insert(L, -2);
        lua_rawseti(L, -2, 1);
    }
}

static void push_number(lua_State *L, struct input *input)
{
    static const lua_Number numbers[] = {0.0,   -0.0,   0.1,      1e13,      1e14,           -1e14,
                                         1e300, 5e-324, HUGE_VAL, -HUGE_VAL, (lua_Number)NAN};
    const unsigned which = take(input, 24);

    if (which < sizeof numbers / sizeof numbers[0])
        lua_pushnumber(L, numbers[which]);
    else
        lua_pushnumber(L, (lua_Number)take(input, 256) * 1e6 + (lua_Number)take(input, 256) / 7);
}

static void push_array(lua_State *L, struct input *input, const struct operation *operation, int depth)
{
    push_core(L, "array");
    push_list(L, input, operation, depth);
    lua_call(L, 1, 1);
}

static void push_value(lua_State *L, struct input *input, const struct operation *operation, int depth)
{
    luaL_checkstack(L, 10, NULL);
    switch (depth < 12 ? take(input, 16) : 5) {
    case 0:
        lua_pushnil(L);
        break;
    case 1:
        lua_pushboolean(L, 1);
        break;
    case 2:
        lua_pushboolean(L, 0);
        break;
    case 3:
        lua_pushinteger(L, (lua_Integer)take(input, 256) - 100);
        break;
    case 4:
        push_number(L, input);
        break;
    case 5:
        push_one_of(L, input, texts);
        break;
    case 6:
        lua_pushlightuserdata(L, NULL);
        break; /* null */
    case 7:
        push_array(L, input, operation, depth);
        break;
    case 8:
        push_list(L, input, operation, depth);
        break;
    case 9:
        arguments_push_all(L);
        break;
    case 10:
        lua_getglobal(L, "print");
        break;
    case 11:
        push_nest(L, input);
        break;
    case 12:
        lua_pushinteger(L, LUA_MAXINTEGER - take(input, 2));
        break;
    case 13:
        push_string(L, input);
        break;
    default:
        push_object(L, input, operation, depth);
        break;
    }
}

/*
 * Checks what is above `top`: a call, or nil, message, err. The call's body must equal the value at `given`. If `given`
 * is 0, the body is not compared.
 */
static void check_prepared(lua_State *L, int top, int given)
{
    if (!lua_isnil(L, top + 1)) {
        const struct call *call = luaL_checkudata(L, top + 1, CALL_TYPE);
        push_check(L, "call");
        lua_pushvalue(L, top + 1);
        lua_pushstring(L, call->target->base_url);
        if (call->body.data)
            lua_pushlstring(L, call->body.data, call->body.length);
        else
            lua_pushnil(L);
        if (given)
            lua_pushvalue(L, given);
        else
            lua_pushnil(L);
        lua_call(L, 4, 0);
        return;
    }
    push_check(L, "invalid_argument");
    lua_insert(L, top + 1);
    lua_call(L, lua_gettop(L) - top - 1, 0);
}

static void operation_of(lua_State *L, struct input *input)
{
    const struct operation *operation = &operations[take(input, (unsigned)operations_count)];
    const int top = lua_gettop(L);
    const int count = (int)take(input, 4);

    push_core(L, operation->name);
    lua_pushvalue(L, 2);
    for (int i = 0; i < count; i++)
        push_value(L, input, operation, 0);
    lua_call(L, count + 1, LUA_MULTRET);
    check_prepared(L, top, 0);
}

static void raw_request(lua_State *L, struct input *input)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "get", "TRACE", "GET ", NULL};
    static const char *const paths[] = {"/",    "/a", "/a%20b/c", "/../a", "/%2e%2E/a", "//a",
                                        "/a?b", "a",  "/a\\b",    "/a/.",  NULL};
    const int top = lua_gettop(L);

    push_one_of(L, input, methods); /* top + 1 */
    if (take(input, 2))
        push_one_of(L, input, paths);
    else
        push_string(L, input);
    lua_newtable(L); /* top + 3 */
    if (take(input, 4)) {
        push_value(L, input, NULL, 0);
        lua_pushvalue(L, -1);
        lua_setfield(L, top + 3, "body");
    } else {
        lua_pushnil(L); /* top + 4 */
    }
    if (take(input, 4)) {
        push_value(L, input, NULL, 0);
        lua_setfield(L, top + 3, "query");
    }
    push_core(L, "request");
    lua_insert(L, top + 1);
    lua_pushvalue(L, 2);
    lua_insert(L, top + 2);
    lua_insert(L, top + 1); /* moves the body below the function */
    lua_call(L, 4, LUA_MULTRET);
    check_prepared(L, top + 1, top + 1);
}

static int one(lua_State *L)
{
    struct input *input = lua_touserdata(L, 1);

    push_target(L, 1); /* index 2 */
    switch (take(input, 4)) {
    case 0:
        push_check(L, "encoded");
        push_value(L, input, NULL, 0);
        lua_call(L, 1, 0);
        break;
    case 1:
        raw_request(L, input);
        break;
    default:
        operation_of(L, input);
        break;
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(one, data, size);
}
