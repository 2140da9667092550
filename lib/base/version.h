/*
 * The version, written here and nowhere else: the Makefile reads it for the man pages that it
 * installs, and a test compares it with CHANGELOG.md's latest entry.
 */
#ifndef SHEAF_BASE_VERSION_H
#define SHEAF_BASE_VERSION_H

#define SHEAF_VERSION "0.1.0"

#endif
