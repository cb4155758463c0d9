#pragma once

/*
 * The seconds of the Retry-After in an answer's header lines, rounded up; 0: there is none. The versions of libcurl
 * differ in how they read it.
 */
double retry_after(const char *headers);
