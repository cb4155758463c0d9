/* The version of the library. All other files read it from here. */
#pragma once

#define CMR_VERSION "0.1.0"
