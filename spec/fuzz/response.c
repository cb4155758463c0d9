/*
 * Makes the result of a call from an answer. The input begins with one byte for the operation, one for the transfer's
 * code and one for flags. Then it has two bytes for the status, and one for the length of the headers in units of 16
 * bytes. The headers and the body follow.
 */
#include <string.h>

#include "call.h"
#include "fuzz.h"
#include "operations.h"

static const CURLcode codes[] = {CURLE_OK,
                                 CURLE_OK,
                                 CURLE_OK,
                                 CURLE_OK,
                                 CURLE_OPERATION_TIMEDOUT,
                                 CURLE_WRITE_ERROR,
                                 CURLE_ABORTED_BY_CALLBACK,
                                 CURLE_COULDNT_RESOLVE_HOST,
                                 CURLE_PEER_FAILED_VERIFICATION,
                                 CURLE_RECV_ERROR};

static void fill(struct answer *answer, struct input *input)
{
    const unsigned flags = take(input, 256);
    const unsigned high = take(input, 8);
    size_t headers;

    answer->sends = flags & 3;
    answer->ending = flags & 4 ? CANCELLED : ENDED;
    answer->headers.overflow = flags & 8;
    answer->body.overflow = flags & 16;
    answer->retry_after = (double)(flags >> 5) * 20 - 20;
    answer->status = (long)high * 100 + take(input, 100);
    headers = take(input, 256) * 16;
    if (headers > input->left)
        headers = input->left;
    buffer_append(&answer->headers, (const char *)input->at, headers);
    buffer_append(&answer->body, (const char *)input->at + headers, input->left - headers);
}

static void check_outcome(lua_State *L, const struct answer *answer, int err)
{
    long status = 0;
    const char *outcome;
    const char *wanted;

    lua_getfield(L, err, "outcome");
    outcome = lua_tostring(L, -1);
    if (lua_getfield(L, err, "status") == LUA_TNUMBER)
        status = (long)lua_tointeger(L, -1);
    if (answer->ending != ENDED || answer->code != CURLE_OK)
        wanted = answer->sends ? "unknown" : "not_sent";
    else
        wanted = status / 100 == 4 && status != 408 && status != 499 ? "rejected" : "unknown";
    must(L, strcmp(outcome, wanted) == 0, "another outcome");
    lua_pop(L, 2);
}

static int one(lua_State *L)
{
    struct input *input = lua_touserdata(L, 1);
    const struct answer *answer;
    struct call *call;
    int first;

    push_target(L, 1); /* index 2 */
    call = call_new(L, 2);
    call->operation = &operations[take(input, (unsigned)operations_count)];
    call->name = call->operation->name;
    call->method = "POST";
    call->answer.code = codes[take(input, sizeof codes / sizeof codes[0])];
    fill(&call->answer, input);
    call->state = CALL_DONE;
    answer = &call->answer;

    push_check(L, "result"); /* index 4 */
    lua_getfield(L, 3, "result");
    lua_pushvalue(L, 3);
    lua_call(L, 1, LUA_MULTRET);
    first = 5;
    if (lua_isnil(L, first)) {
        check_outcome(L, &call->answer, first + 2);
    } else {
        must(L, answer->ending == ENDED && answer->code == CURLE_OK && answer->status / 100 == 2, "no success");
        push_check(L, "envelope");
        lua_pushvalue(L, first);
        lua_call(L, 1, 0);
    }
    lua_call(L, lua_gettop(L) - first + 1, 0);

    push_check(L, "headers");
    lua_getfield(L, 3, "info");
    lua_pushvalue(L, 3);
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "headers");
    lua_replace(L, -2);
    lua_call(L, 1, 0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(one, data, size);
}
