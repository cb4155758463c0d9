/* A program that loads libcurl and initialises it: the least that a program with libcurl takes to start. */
#include <curl/curl.h>

int main(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT);
}
