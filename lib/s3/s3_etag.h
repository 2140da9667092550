/*
 * Entity tags (RFC 9110, 8.8.3). They come from servers and from files, and are sent back in
 * If-Match. Pure.
 */
#ifndef SHEAF_S3_S3_ETAG_H
#define SHEAF_S3_S3_ETAG_H

#include <stddef.h>

enum { S3_ETAG_LEN = 128 }; /* bytes of a tag and its NUL */

/* Finds the opaque tag in s: what stands between the quotes, or all of it without quotes; a weak
 * tag (W/"x") loses its mark. Sets *len, and returns where it begins. */
const char *s3_etag_opaque(const char *s, size_t *len);

/* 1 if the len bytes at s are an opaque tag without its quotes: 0x21 and 0x23 to 0x7E, fewer than
 * S3_ETAG_LEN. The empty tag, which stands for none, is one. */
int s3_etag_is_valid(const char *s, size_t len);

/* 1 if the tag has the form of an MD5: 32 lower-case hex digits. */
int s3_etag_looks_like_md5(const char *tag);

/* Copies the opaque tag of s. 0, or -1 with an empty tag if it is not valid. */
int s3_etag_read(char tag[S3_ETAG_LEN], const char *s, size_t len);

#endif
