/* The one place that knows the version. */
#pragma once

#define CMR_VERSION "0.1.0"
