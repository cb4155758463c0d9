/*
 * The version of the library. The code reads the version from here. CHANGELOG.md, debian/changelog and the rockspec
 * repeat the version, and build_spec.lua compares the copies.
 */
#pragma once

#define CMR_VERSION "0.1.0"
