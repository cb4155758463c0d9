/*
 * Splits the input into the parts of a webhook's delivery. webhook.lua makes the delivery from them, and may sign it
 * correctly. Then it checks the result of webhook.verify.
 */
#include "fuzz.h"

static int one(lua_State *L)
{
    struct input *input = lua_touserdata(L, 1);

    push_check(L, "delivery");
    for (int i = 0; i < 4; i++) /* the signature, the headers' shape, the change, the options */
        lua_pushinteger(L, take(input, 256));
    push_string(L, input); /* timestamp */
    push_string(L, input); /* signature */
    push_rest(L, input);   /* body */
    lua_call(L, 7, 0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(one, data, size);
}
