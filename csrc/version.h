/* The one place that knows the version. */
#ifndef CMR_VERSION_H
#define CMR_VERSION_H

#define CMR_VERSION "0.1.0"

#endif
