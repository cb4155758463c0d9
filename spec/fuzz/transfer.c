/*
 * Sends an answer's bytes through a real transfer, from a socket of this process. libcurl parses the status line, the
 * headers and the encoding. One byte chooses the method.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

enum { ALL = 60000, SECONDS = 5 };

static int listener = -1;
static int port;

static void listen_here(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;

    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 16) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
        perror("transfer");
        exit(1);
    }
    port = ntohs(address.sin_port);
}

/* Accepts the connection if it is there. Once the request has come, sends the answer and closes the connection. */
static void serve(int *client, const struct input *answer)
{
    struct pollfd asked = {.events = POLLIN};
    char request[4096];

    if (*client < 0)
        *client = accept(listener, NULL, NULL);
    asked.fd = *client;
    if (*client < 0 || poll(&asked, 1, 0) <= 0)
        return;
    if (recv(*client, request, sizeof request, 0) > 0)
        (void)!send(*client, answer->at, answer->left, MSG_NOSIGNAL);
    close(*client);
    *client = -1;
}

/* Runs the call at index 3 to its end, with the engine at index 4. */
static void transfer(lua_State *L, const struct input *answer)
{
    const time_t begun = time(NULL);
    int client = -1;

    lua_getfield(L, 3, "start");
    lua_pushvalue(L, 3);
    lua_pushvalue(L, 4);
    lua_pushinteger(L, SECONDS);
    lua_call(L, 3, 0);
    for (bool done = false; !done;) {
        lua_getfield(L, 4, "wait");
        lua_pushvalue(L, 4);
        lua_pushinteger(L, 1);
        lua_call(L, 2, 0);
        serve(&client, answer);
        lua_getfield(L, 3, "done");
        lua_pushvalue(L, 3);
        lua_call(L, 1, 1);
        done = lua_toboolean(L, -1);
        lua_pop(L, 1);
        must(L, time(NULL) - begun <= SECONDS + 1, "it takes for ever");
    }
    if (client >= 0)
        close(client);
}

static int one(lua_State *L)
{
    struct input *input = lua_touserdata(L, 1);
    static const char *const methods[] = {"GET", "POST", "DELETE", NULL};
    int top;

    if (listener < 0)
        listen_here();
    push_target(L, port); /* index 2 */
    push_core(L, "request");
    lua_pushvalue(L, 2);
    push_one_of(L, input, methods);
    lua_pushliteral(L, "/x");
    lua_call(L, 3, 1); /* index 3 */
    push_core(L, "engine");
    lua_call(L, 0, 1); /* index 4 */
    if (input->left > ALL)
        input->left = ALL;
    transfer(L, input);

    push_check(L, "transfer"); /* index 5 */
    lua_getfield(L, 3, "info");
    lua_pushvalue(L, 3);
    lua_call(L, 1, 1);
    top = lua_gettop(L);
    lua_getfield(L, 3, "result");
    lua_pushvalue(L, 3);
    lua_call(L, 1, LUA_MULTRET);
    lua_call(L, lua_gettop(L) - top + 1, 0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(one, data, size);
}
