/*
 * A library to preload. With it, libcurl trusts by default the certificates in the file and the folder that two
 * environment variables name.
 */
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdlib.h>

typedef CURL *init(void);
typedef CURLcode setopt(CURL *, CURLoption, ...);

/* RTLD_NEXT does not find a library that a Lua module loads. */
static void *libcurl_function(const char *name)
{
    void *library = dlopen("libcurl.so.4", RTLD_LAZY | RTLD_NOLOAD);

    return library ? dlsym(library, name) : NULL;
}

__attribute__((visibility("default"))) CURL *curl_easy_init(void)
{
    init *real = (init *)libcurl_function("curl_easy_init");
    setopt *set = (setopt *)libcurl_function("curl_easy_setopt");
    const char *file = getenv("SYSTEM_CERTIFICATES_FILE"), *folder = getenv("SYSTEM_CERTIFICATES_FOLDER");
    CURL *easy = real ? real() : NULL;

    if (easy && file)
        set(easy, CURLOPT_CAINFO, file);
    if (easy && folder)
        set(easy, CURLOPT_CAPATH, folder);
    return easy;
}
