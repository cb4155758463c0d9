#pragma once

/*
 * Returns the seconds of the Retry-After in an answer's header lines, rounded up, or 0. We read the header ourselves
 * because the versions of libcurl differ in how they read it.
 */
double retry_after(const char *headers);
