/* Decodes any bytes as JSON. */
#include "fuzz.h"

static int one(lua_State *L)
{
    struct input *input = lua_touserdata(L, 1);
    int top;

    push_check(L, "json");
    top = lua_gettop(L);
    push_core(L, "json_decode");
    push_rest(L, input);
    lua_call(L, 1, LUA_MULTRET);
    lua_call(L, lua_gettop(L) - top, 0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(one, data, size);
}
