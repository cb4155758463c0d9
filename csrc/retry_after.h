#pragma once

/*
 * Returns the delay that the header Retry-After asks for, in seconds, rounded up; 0 without this header. We read the
 * header ourselves because the versions of libcurl differ in how they read it.
 */
double retry_after(const char *headers);
