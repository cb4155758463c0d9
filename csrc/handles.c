#include "handles.h"

#include <string.h>

/* Removes and returns the handle at index. */
static CURL *remove_at(struct handles *handles, int index)
{
    struct idle_handle *at = &handles->idle[index];
    CURL *easy = at->easy;

    handles->count--;
    memmove(at, at + 1, (size_t)(handles->count - index) * sizeof *at);
    return easy;
}

CURL *handles_take(struct handles *handles, unsigned long long target)
{
    for (int i = handles->count - 1; i >= 0; i--)
        if (handles->idle[i].target == target)
            return remove_at(handles, i);
    return NULL;
}

void handles_keep(struct handles *handles, CURL *easy, unsigned long long target)
{
    if (handles->count == MAX_IDLE_HANDLES)
        curl_easy_cleanup(remove_at(handles, 0));
    handles->idle[handles->count++] = (struct idle_handle){.easy = easy, .target = target};
}

void handles_close(struct handles *handles)
{
    while (handles->count > 0)
        curl_easy_cleanup(handles->idle[--handles->count].easy);
}
