/* Makes targets with options of any kind. Checks that the target obeys the rules for addresses and headers. */
#include "target.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "fuzz.h"

static const char *const names[] = {"base_url",     "base_url",        "base_url", "headers", "headers",
                                    "key_header",   "user_agent",      "proxy",    "endpoints",   "allow_http",
                                    "max_response", "connect_timeout", "ca_file",  NULL};
static const char *const schemes[] = {"https://", "http://", "HTTP://", "hTTps://", "ftp://",
                                      "file:///", "//",      "",        "http:/",   NULL};
static const char *const hosts[] = {"localhost",   "127.0.0.1",
                                    "[::1]",       "127.1",
                                    "example.com", "2130706433",
                                    "0x7f.1",      "LOCALHOST",
                                    "localhost.",  "127.0.0.1.example.com",
                                    "a@127.0.0.1", "[::1%25lo]",
                                    "%6cocalhost", "[::ffff:127.0.0.1]",
                                    "128.0.0.1",   "0",
                                    NULL};
static const char *const ports[] = {"", ":80", ":65535", ":0", ":99999", ":", ":a", NULL};
static const char *const roots[] = {"",     "/",    "/api/v1", "/a/../b", "/%2e%2e/x", "/a//",
                                    "/a?b", "/a#b", "//",      "/a\\b",   "/a b",      NULL};
static const char *const texts[] = {"",
                                    "a",
                                    "X-A",
                                    "x y",
                                    "a\nb",
                                    "a\r\nX: y",
                                    "Host",
                                    "content-LENGTH",
                                    "cmr-x-api-key",
                                    "x:y",
                                    "GET /x",
                                    "POST /a/../b",
                                    "PUT  /x",
                                    "delete /x",
                                    "\x7F",
                                    "\xC3\xA4",
                                    "platforms",
                                    "http://u:p@127.0.0.1:1",
                                    NULL};

static void push_text(lua_State *L, struct input *input)
{
    if (take(input, 2))
        push_one_of(L, input, texts);
    else
        push_string(L, input);
}

static void push_url(lua_State *L, struct input *input)
{
    if (take(input, 4) == 0) {
        push_string(L, input);
        return;
    }
    push_one_of(L, input, schemes);
    push_one_of(L, input, hosts);
    push_one_of(L, input, ports);
    if (take(input, 2))
        push_one_of(L, input, roots);
    else
        push_string(L, input);
    lua_concat(L, 4);
}

static void push_pairs(lua_State *L, struct input *input)
{
    lua_newtable(L);
    for (unsigned count = take(input, 4); count; count--) {
        push_text(L, input);
        push_text(L, input);
        lua_rawset(L, -3);
    }
}

static void push_option(lua_State *L, struct input *input, const char *name)
{
    if (take(input, 16) == 0)
        lua_pushboolean(L, 1); /* a value of another type, unless the option is allow_http */
    else if (strcmp(name, "base_url") == 0)
        push_url(L, input);
    else if (strcmp(name, "headers") == 0 || strcmp(name, "endpoints") == 0)
        push_pairs(L, input);
    else if (strcmp(name, "allow_http") == 0)
        lua_pushboolean(L, (int)take(input, 2));
    else if (strcmp(name, "max_response") == 0 || strcmp(name, "connect_timeout") == 0)
        lua_pushnumber(L, take(input, 8) ? (lua_Number)take(input, 256) / 3 : (lua_Number)NAN);
    else
        push_text(L, input);
}

/* Returns whether a host is localhost, [::1] or in 127.0.0.0/8. Accepts any IPv4 spelling, such as 127.1 or 0x7f.1. */
static int is_here(const char *host)
{
    struct in_addr address;

    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (inet_aton(host, &address) && ntohl(address.s_addr) >> 24 == 127);
}

static void check_address(lua_State *L, const struct target *target, int allowed)
{
    CURLU *url = curl_url();
    char *part = NULL;

    must(L, strncasecmp(target->base_url, "http", 4) == 0, "a scheme of its own");
    must(L, curl_url_set(url, CURLUPART_URL, target->base_url, CURLU_PATH_AS_IS) == CURLUE_OK, "no URL");
    must(L, !strpbrk(target->base_url, "@?#\\ \r\n"), "a base URL with more than an address and a path");
    must(L, target->base_url[strlen(target->base_url) - 1] != '/', "a slash at the end");
    must(L, curl_url_get(url, CURLUPART_HOST, &part, 0) == CURLUE_OK, "no host");
    must(L, is_here(part) == target->loopback, "loopback, and not");
    curl_free(part);
    must(L, curl_url_get(url, CURLUPART_SCHEME, &part, 0) == CURLUE_OK, "no scheme");
    must(L, strcmp(part, target->plain ? "http" : "https") == 0, "plain, and not");
    curl_free(part);
    must(L, !target->plain || target->loopback || allowed, "the key in the clear");
    curl_url_cleanup(url);
}

/* Checks that each line is one header, and that the key's header is there once. */
static void check_headers(lua_State *L, const struct curl_slist *list, int key_header)
{
    const size_t length = lua_rawlen(L, key_header);
    int keys = 0;

    for (; list; list = list->next) {
        const size_t name = strcspn(list->data, ":;");
        must(L, list->data[name] && name > 0, "a line without a name");
        for (const char *at = list->data; *at; at++)
            must(L, (unsigned char)*at >= 0x20 && *at != 0x7F, "a control character in a header");
        must(L, strncasecmp(list->data, "Host:", 5) != 0, "a Host of the user's");
        must(L, strncasecmp(list->data, "Content-Length:", 15) != 0, "a Content-Length of the user's");
        keys += name == length && strncasecmp(list->data, lua_tostring(L, key_header), length) == 0;
    }
    must(L, keys == 1, "the key not once");
}

static int one(lua_State *L)
{
    struct input *input = lua_touserdata(L, 1);
    const struct target *target;

    push_core(L, "target"); /* index 2 */
    lua_newtable(L);        /* index 3 */
    lua_pushstring(L, take(input, 8) ? FUZZ_KEY : "");
    lua_setfield(L, 3, "api_key");
    while (input->left) {
        push_one_of(L, input, names);
        push_option(L, input, lua_tostring(L, -1));
        lua_rawset(L, 3);
    }
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_call(L, 1, 2); /* index 4 */
    if (lua_isnil(L, 4)) {
        lua_pushliteral(L, "api_key");
        lua_rawget(L, 3);
        if (lua_rawlen(L, -1) == 0) /* without a key, the message may contain anything */
            return 0;
        lua_settop(L, 5);
        push_check(L, "message");
        lua_pushvalue(L, 5);
        lua_call(L, 1, 0);
        return 0;
    }
    target = target_check(L, 4);
    lua_settop(L, 4);
    lua_getfield(L, 3, "allow_http");
    check_address(L, target, lua_toboolean(L, -1));
    if (lua_getfield(L, 3, "key_header") == LUA_TNIL) {
        lua_pushliteral(L, "cmr-x-api-key");
        lua_replace(L, -2);
    }
    if (target->key) {
        check_headers(L, target->headers, lua_gettop(L));
        check_headers(L, target->headers_body, lua_gettop(L));
    }

    push_core(L, "request");
    lua_pushvalue(L, 4);
    lua_pushliteral(L, "GET");
    lua_pushliteral(L, "/x");
    lua_call(L, 3, 1); /* nil without a key */
    if (!lua_isnil(L, -1)) {
        push_check(L, "call");
        lua_insert(L, -2);
        lua_pushstring(L, target->base_url);
        lua_call(L, 2, 0);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(one, data, size);
}
