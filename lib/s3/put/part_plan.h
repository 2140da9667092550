/*
 * The size of the parts of a multipart upload, and how many of them are held in memory: an object
 * of up to 5 TiB has at most 10,000 parts, each but the last of 5 MiB to 5 GiB (S3 user guide,
 * "Amazon S3 multipart upload limits"). Pure.
 */
#ifndef SHEAF_S3_PUT_PART_PLAN_H
#define SHEAF_S3_PUT_PART_PLAN_H

#include <stdint.h>

enum {
	S3_PART_MIN = 5 << 20,	   /* bytes; of all parts but the last */
	S3_PART_DEFAULT = 8 << 20, /* bytes */
	S3_PARTS_MAX = 10000,
};
#define S3_PART_MAX (UINT64_C(5) << 30)	  /* bytes */
#define S3_OBJECT_MAX (UINT64_C(5) << 40) /* bytes */

/*
 * Bytes of the next part. base: the size asked for, S3_PART_MIN to S3_PART_MAX; size: bytes of the
 * object, -1 if unknown; sent: bytes of the parts before it. If the size is known, all parts are
 * equal. If not, they are base bytes for the first 1,250 parts and then grow with the bytes sent.
 */
uint64_t part_plan_len(uint64_t base, int64_t size, uint64_t sent);

/* How many parts of that length to hold at once, those being sent and the one being read: one more
 * than connections, fewer if parts have grown, but at least two. */
unsigned part_plan_places(uint64_t base, uint64_t len, unsigned connections);

#endif
