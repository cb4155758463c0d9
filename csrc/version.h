/*
 * The version of the library. The code reads it from here. CHANGELOG.md, debian/changelog and the rockspec repeat it,
 * and build_spec.lua compares them.
 */
#pragma once

#define CMR_VERSION "0.1.0"
