/*
 * Points in time as AWS writes them in documents and files (RFC 3339, ISO 8601). Pure.
 */
#ifndef SHEAF_BASE_ISO_TIME_H
#define SHEAF_BASE_ISO_TIME_H

#include <stdint.h>

/*
 * "2026-11-23T13:45:00Z" to Unix seconds; a fraction of the second is dropped. The zone may also be
 * "UTC", as the AWS CLI's caches have it, or an offset, "+02:00" or "+0200"; without one it is no
 * point in time. 0, or -1 with *out untouched.
 */
int iso_time_parse(const char *s, int64_t *out);

/* "2026-11-23T13:45:00Z"; what is before 1970 or behind the year 9999 is shown as the nearest. */
enum { ISO_TIME_LEN = 20 };
void iso_time_format(int64_t t, char out[ISO_TIME_LEN + 1]);

#endif
