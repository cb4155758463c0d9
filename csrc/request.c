#include "request.h"

#include <string.h>

#include "arguments.h"
#include "call.h"
#include "compat.h"
#include "error.h"
#include "json.h"
#include "mask.h"
#include "target.h"
#include "text.h"
#include "url.h"

/*
 * A request while it is prepared. The functions below may leave values on the stack. The functions that Lua calls
 * return only the values on top.
 */
struct request {
    lua_State *L;
    int index; /* the stack index of the call */
    struct call *call;
    struct refusal *refusal;
    struct placement placement;
    bool has_body; /* the request has at least one field for its body */
};

/* Returns true if the append succeeded. Refuses the request if its URL is too long. Raises if no memory is left. */
static bool check_length(struct request *request, bool appended)
{
    const struct buffer *url = &request->call->url;

    if (!appended && !url->overflow)
        luaL_error(request->L, "not enough memory");
    return appended || refuse_data(request->refusal, TOO_LONG,
                                   lua_pushfstring(request->L, "the arguments make a URL of more than %d bytes",
                                                   (int)url->maximum));
}

static bool append_path(struct request *request, const char *path, size_t length)
{
    struct buffer *url = &request->call->url;

    return check_length(request,
                        buffer_append_string(url, request->call->target->base_url) && buffer_append(url, path, length));
}

static const char *push_query_value(lua_State *L, int index)
{
    if (lua_type(L, index) == LUA_TNUMBER)
        return json_push_number(L, index);
    if (lua_isboolean(L, index))
        return lua_pushfstring(L, lua_toboolean(L, index) ? "true" : "false");
    lua_pushvalue(L, index);
    return lua_tostring(L, -1);
}

/* Appends the value on top as "?name=value" or "&name=value". Appends nothing for nil. The caller checked the value. */
static bool append_query(struct request *request, const char *name)
{
    lua_State *L = request->L;
    struct buffer *url = &request->call->url;
    const char *value;

    if (!text_is_utf8(name, strlen(name)))
        return refuse_data(request->refusal, BAD_VALUE, "it has a name that is not UTF-8");
    if (lua_isnil(L, -1))
        return true;
    value = push_query_value(L, lua_gettop(L));
    return check_length(request, buffer_append_string(url, strchr(url->data, '?') ? "&" : "?") &&
                                     buffer_append_escaped(url, name) && buffer_append_string(url, "=") &&
                                     buffer_append_escaped(url, value));
}

/* Returns the undocumented field that follows `after` in the order of names, or NULL. */
static const char *next_open(lua_State *L, const struct operation *operation, int arguments, const char *after)
{
    const char *next = NULL;

    for (lua_pushnil(L); lua_next(L, arguments); lua_pop(L, 1)) {
        const char *name = lua_tostring(L, -2); /* the table keeps this string alive */
        const struct param *param = operation_param(operation, name);
        if ((!param || !param_is_field(param)) && strcmp(name, after) > 0 && (!next || strcmp(name, next) < 0))
            next = name;
    }
    return next;
}

static bool append_argument(struct request *request, int arguments, const char *name)
{
    lua_getfield(request->L, arguments, name);
    return append_query(request, name);
}

/* Copies an argument into the table on top. */
static bool copy_argument(struct request *request, int arguments, const char *name)
{
    lua_getfield(request->L, arguments, name);
    lua_setfield(request->L, -2, name);
    request->has_body = true;
    return true;
}

typedef bool adder(struct request *request, int arguments, const char *name);

static bool add_one(struct request *request, int arguments, const char *name, adder *add)
{
    const int top = lua_gettop(request->L);
    const bool added = add(request, arguments, name);

    lua_settop(request->L, top);
    return added;
}

/*
 * Calls `add` for all fields of a location, even for absent fields. The fields of the row come first, in the row's
 * order. The undocumented fields come after them, in the order of their names.
 */
static bool add_fields(struct request *request, int arguments, enum location location, adder *add)
{
    const struct operation *operation = request->call->operation;

    for (const struct param *param = operation->params; param->name; param++)
        if (param_location(param, &request->placement) == location && param_is_field(param) &&
            !add_one(request, arguments, param->name, add))
            return false;
    if (request->placement.open == location)
        for (const char *name = ""; (name = next_open(request->L, operation, arguments, name));)
            if (!add_one(request, arguments, name, add))
                return false;
    return true;
}

/* Encodes the value on top as the call's JSON body. */
static bool set_body(struct request *request)
{
    return json_encode(request->L, lua_gettop(request->L), true, &request->call->body, request->refusal);
}

/*
 * Form data. Its encoding is undocumented, so we assume: a text, number or boolean is sent as a plain part; a list or
 * an object is sent as one part whose text is JSON; a file is sent as a part named "files[KEY]".
 */

static bool check_added(const struct request *request, bool added)
{
    return added || luaL_error(request->L, "not enough memory");
}

static bool add_text(struct request *request, const char *name, const char *value, size_t length)
{
    if (!text_is_utf8(value, length))
        return refuse_data(request->refusal, BAD_VALUE, "it is not UTF-8");
    if (memchr(value, '\0', length))
        return refuse_data(request->refusal, BAD_VALUE, "it holds a NUL byte");
    return check_added(request, form_add_text(&request->call->form, name, value, length));
}

/*
 * Adds the list or object on top to the form as JSON. The call's body buffer holds the JSON until the form has a copy.
 * If Lua raises an error, the call's finalizer frees the buffer.
 */
static bool add_json(struct request *request, const char *name)
{
    struct buffer *text = &request->call->body;
    const bool encoded = json_encode(request->L, lua_gettop(request->L), true, text, request->refusal);
    const bool added = encoded && form_add_text(&request->call->form, name, text->data, text->length);

    buffer_free(text);
    return encoded && check_added(request, added);
}

/* Checks a key of `files`. The key becomes part of a field's name. curl's -F must be able to write this name too. */
static bool check_file_key(const struct request *request, const char *key)
{
    for (const char *at = key; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7F || strchr("\"\\=[]", *at))
            return refuse_data(request->refusal, BAD_VALUE, "a file's key cannot hold this character");
    return (*key && text_is_utf8(key, strlen(key))) ||
           refuse_data(request->refusal, BAD_VALUE, "a file's key must be UTF-8, such as user@example.com");
}

static bool add_file(struct request *request, const char *name, const char *key, const char *path)
{
    lua_State *L = request->L;
    struct file_identity identity = {0};
    const char *part = lua_pushfstring(L, "%s[%s]", name, key);

    if (!check_file_key(request, key) || !form_check_file(path, &identity, request->refusal))
        return refuse_in(request->refusal, "[\"%s\"]", key);
    return check_added(request, form_add_file(&request->call->form, part, path, &identity));
}

/*
 * Returns the first key after `after` in the sorted keys of the table at index, or NULL at the end. If `after` is NULL,
 * returns the first of all keys.
 */
static const char *next_key(lua_State *L, int index, const char *after)
{
    const char *next = NULL;

    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        const char *key = lua_tostring(L, -2); /* the table keeps this string alive */
        if ((!after || strcmp(key, after) > 0) && (!next || strcmp(key, next) < 0))
            next = key;
    }
    return next;
}

/* Adds a file for each entry {key = path} of the table on top, in the order of the keys. */
static bool add_files(struct request *request, const char *name)
{
    lua_State *L = request->L;
    const int files = lua_gettop(L);

    for (const char *key = next_key(L, files, NULL); key; key = next_key(L, files, key)) {
        lua_getfield(L, files, key);
        if (!add_file(request, name, key, lua_tostring(L, -1)))
            return false;
        lua_settop(L, files);
    }
    return true;
}

static bool is_of_files(const struct request *request, const char *name)
{
    const struct param *content = operation_param(request->call->operation, lua_pushfstring(request->L, "%s.*", name));

    lua_pop(request->L, 1);
    return content && content->type == FILE_PATH;
}

static bool add_value(struct request *request, const char *name)
{
    lua_State *L = request->L;
    const int index = lua_gettop(L);

    if (json_is_null(L, index))
        return refuse(request->refusal, BAD_VALUE, "a form has no null");
    if (lua_istable(L, index))
        return is_of_files(request, name) ? add_files(request, name) : add_json(request, name);
    if (lua_type(L, index) == LUA_TNUMBER && !json_check_number(L, index, request->refusal))
        return false;
    (void)push_query_value(L, index);
    return add_text(request, name, lua_tostring(L, -1), lua_rawlen(L, -1));
}

static bool add_part(struct request *request, int arguments, const char *name)
{
    lua_getfield(request->L, arguments, name);
    return lua_isnil(request->L, -1) || add_value(request, name) || refuse_in(request->refusal, ".%s", name);
}

static bool build_body(struct request *request, int arguments)
{
    if (request->call->operation->flags & FORM)
        return add_fields(request, arguments, BODY, add_part);
    lua_newtable(request->L);
    (void)add_fields(request, arguments, BODY, copy_argument);
    return !request->has_body || set_body(request);
}

/*
 * Returns the place for undocumented fields, or 0 if the operation takes no such fields. `method` is the method of the
 * user's own endpoint.
 *   method   operation's method   place
 *   GET      any                  query
 *   other    GET                  body
 *   other    other or none        as in the operation's row
 */
static enum location location_of_open(const struct operation *operation, const char *method)
{
    if (!operation->open_location || strcmp(method, "GET") == 0)
        return operation->open_location ? QUERY : 0;
    return operation->method && strcmp(operation->method, "GET") == 0 ? BODY : operation->open_location;
}

/* Sets the call's method, and finds the path and the placement. An endpoint of the user replaces the row's endpoint. */
static bool find_endpoint(struct request *request, const char **path, size_t *length)
{
    lua_State *L = request->L;
    struct call *call = request->call;
    const struct operation *operation = call->operation;

    target_push_endpoint(L, 1, operation->name);
    if (lua_isstring(L, -1)) {
        struct endpoint endpoint;
        const char *text = lua_tostring(L, -1); /* the target keeps the string alive */
        (void)url_split_endpoint(text, &endpoint);
        lua_pushlstring(L, text, endpoint.method_length);
        call->method = lua_tostring(L, -1);
        call_keep(L, request->index, "method");
        request->placement =
            (struct placement){.open = location_of_open(operation, call->method), .user = endpoint.user};
        *path = endpoint.path;
        *length = endpoint.path_length;
        return true;
    }
    request->placement = (struct placement){.open = operation->open_location};
    call->method = operation->method;
    *path = operation->path;
    if (call->method && *path) {
        *length = strlen(*path);
        return true;
    }
    lua_pushfstring(L, "the %s of %s is not documented: supply it with cmr.new{endpoints = {%s = 'METHOD %s'}}",
                    *path ? "method" : "path", operation->name, operation->name, *path ? *path : "/path");
    return refuse(request->refusal, UNDOCUMENTED, lua_tostring(L, -1));
}

static bool check_key(struct request *request)
{
    return request->call->target->key ||
           refuse_data(
               request->refusal, NO_KEY,
               "no API key: set CMR_API_KEY (nginx needs 'env CMR_API_KEY;' as well), or give api_key, or the profile "
               "of 'cmr init'");
}

static int finish(struct request *request, bool prepared)
{
    struct call *call = request->call;

    if (!prepared)
        return error_return_refusal(request->L, call->name ? call->name : "request", request->refusal,
                                    call->target->key);
    call->state = CALL_READY;
    lua_pushvalue(request->L, request->index);
    return 1;
}

static bool prepare_operation(struct request *request, int last)
{
    lua_State *L = request->L;
    const char *path = NULL;
    size_t length = 0;
    int arguments;

    if (!find_endpoint(request, &path, &length) ||
        !arguments_check(L, request->call->operation, &request->placement, 2, last, request->refusal))
        return false;
    arguments = lua_gettop(L);
    lua_pushvalue(L, arguments);
    call_keep(L, request->index, "arguments");
    return append_path(request, path, length) && add_fields(request, arguments, QUERY, append_argument) &&
           build_body(request, arguments) && check_key(request);
}

int request_operation(lua_State *L, const struct operation *operation)
{
    struct refusal refusal = {0};
    struct request request = {.L = L, .index = lua_gettop(L) + 1, .refusal = &refusal};
    int last = request.index - 1;

    luaL_checkstack(L, 20, NULL);
    request.call = call_new(L, 1);
    while (lua_isnil(L, last)) /* ends at index 1 at the latest: the target is not nil */
        last--;
    request.call->operation = operation;
    request.call->name = operation->name;
    return finish(&request, prepare_operation(&request, last));
}

static bool bad_query(struct request *request)
{
    return refuse_unexpected(request->refusal, BAD_TYPE, NULL, "a list of {name, value}") ||
           refuse_in(request->refusal, ".query");
}

/* Appends the query of a raw request. The query is a list of {name, value}. */
static bool build_raw_query(struct request *request, int options)
{
    lua_State *L = request->L;
    const int query = lua_gettop(L) + 1;

    lua_getfield(L, options, "query");
    if (lua_isnil(L, query))
        return true;
    if (!lua_istable(L, query))
        return bad_query(request);
    for (int i = 1; lua_rawgeti(L, query, i), !lua_isnil(L, -1); i++, lua_settop(L, query)) {
        const char *name = NULL;
        if (lua_istable(L, -1)) {
            lua_rawgeti(L, query + 1, 1);
            lua_rawgeti(L, query + 1, 2);
            name = text_without_nul(L, query + 2);
        }
        if (!name)
            return bad_query(request);
        if (!arguments_check_query_value(L, query + 3, request->refusal))
            return refuse_in(request->refusal, ".query.%s", name);
        if (!append_query(request, name))
            return false;
    }
    return true;
}

static bool build_raw_body(struct request *request, int options)
{
    lua_State *L = request->L;
    bool built;

    lua_getfield(L, options, "body");
    if (lua_isnil(L, -1))
        return true;
    built = lua_istable(L, -1) ? set_body(request)
                               : refuse_unexpected(request->refusal, BAD_TYPE, luaL_typename(L, -1), "table");
    return built || refuse_in(request->refusal, ".body");
}

/* Prepares a raw request: the method is at index 2, the path at 3, the table of options at 4. */
static bool prepare_raw(struct request *request)
{
    lua_State *L = request->L;
    struct call *call = request->call;
    const char *path = lua_tostring(L, 3);

    if (!url_is_method(call->method, lua_rawlen(L, 2)))
        return refuse_unexpected(request->refusal, BAD_VALUE, NULL, "GET, POST, PUT, PATCH or DELETE") ||
               refuse_in(request->refusal, ".method");
    if (!url_check_path(path, lua_rawlen(L, 3), request->refusal, BAD_VALUE))
        return refuse_in(request->refusal, ".path");
    if (!append_path(request, path, lua_rawlen(L, 3)))
        return false;
    lua_pushfstring(L, "%s %s", call->method, path);
    push_masked(L, lua_tostring(L, -1), lua_rawlen(L, -1), call->target->key);
    call->name = lua_tostring(L, -1);
    call_keep(L, request->index, "name");
    return build_raw_query(request, 4) && build_raw_body(request, 4) && check_key(request);
}

int request_raw(lua_State *L)
{
    struct refusal refusal = {0};
    struct request request = {.L = L, .index = 5, .refusal = &refusal};

    luaL_checkstring(L, 2);
    luaL_checkstring(L, 3);
    lua_settop(L, 4);
    if (lua_isnil(L, 4)) {
        lua_newtable(L);
        lua_replace(L, 4);
    }
    luaL_checktype(L, 4, LUA_TTABLE);
    request.call = call_new(L, 1);
    lua_pushvalue(L, 2);
    request.call->method = lua_tostring(L, -1);
    call_keep(L, 5, "method");
    return finish(&request, prepare_raw(&request));
}
