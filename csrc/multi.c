#include "multi.h"

#include <pthread.h>

enum { MAX_HOST_CONNECTIONS = 64 }; /* with HTTP/2 one serves them all */

/*
 * Once per process, when it is first needed: it reads OpenSSL's configuration, which costs a program that makes no request
 * more than all else of ours. It is never undone, for a resolver thread may still run when the last Lua state closes.
 */
static void open_libcurl(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

bool multi_open(CURLM **multi, CURLSH **share, struct pollset *pollset)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, open_libcurl);
    *multi = curl_multi_init();
    *share = curl_share_init();
    if (*multi && *share && curl_share_setopt(*share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) == CURLSHE_OK &&
        pollset_serve(pollset, *multi)) {
        (void)curl_multi_setopt(*multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)MAX_HOST_CONNECTIONS);
        return true;
    }
    multi_close(multi, share);
    return false;
}

void multi_close(CURLM **multi, CURLSH **share)
{
    (void)curl_multi_cleanup(*multi); /* also when there is none */
    (void)curl_share_cleanup(*share);
    *multi = NULL;
    *share = NULL;
}
