/*
 * Points in time as AWS writes them in documents and files (RFC 3339, ISO 8601). Pure.
 */
#ifndef SHEAF_BASE_ISO_TIME_H
#define SHEAF_BASE_ISO_TIME_H

#include <stddef.h>
#include <stdint.h>

/*
 * "2026-11-23T13:45:00Z" to Unix seconds, without the fraction of the second. The zone may also be
 * "UTC", as in the AWS CLI's caches, or an offset, "+02:00" or "+0200"; one is required. 0, or -1
 * with *out untouched.
 */
int iso_time_parse(const char *s, int64_t *out);

/* 1 if the len bytes at s are a time as S3 writes it, in UTC: "2026-11-23T13:45:00Z", perhaps with
 * a fraction. Much faster than iso_time_parse, for listings of many objects. */
int iso_time_is_plain(const char *s, size_t len);

/* "2026-11-23T13:45:00Z", and with milliseconds "2026-11-23T13:45:00.000Z". A time before 1970 or
 * after the year 9999 is written as the nearest one that is not. */
enum { ISO_TIME_LEN = 20, ISO_TIME_MS_LEN = 24 };
void iso_time_format(int64_t t, char out[ISO_TIME_LEN + 1]);
void iso_time_format_ms(int64_t t_ms, char out[ISO_TIME_MS_LEN + 1]);

#endif
