/*
 * The names of AWS regions. They become part of host names and of signatures. Pure.
 */
#ifndef SHEAF_AWS_REGION_H
#define SHEAF_AWS_REGION_H

enum { REGION_LEN = 64 }; /* bytes of a name and its NUL */

/* 1 if s can be the name of a region: 1 to 63 of [a-z0-9-], the first and last not "-". */
int region_is_name(const char *s);

#endif
