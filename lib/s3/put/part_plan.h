/*
 * How long the parts of a multipart upload are: all of an object of up to 5 TiB in at most 10,000
 * parts, each but the last of 5 MiB to 5 GiB (S3 user guide, "Amazon S3 multipart upload limits"),
 * and how many of them are held in memory. Pure.
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
 * Bytes of the next part. base: what was asked for, S3_PART_MIN to S3_PART_MAX; size: bytes of the
 * whole, -1 where nobody knows; sent: bytes of the parts before it. Of a known size all parts are
 * equal. Of a stream they are base up to 1,250 parts, and grow with what was sent from there on.
 */
uint64_t part_plan_len(uint64_t base, int64_t size, uint64_t sent);

/* Parts of that length to hold at once, those that are sent and the one that is being read: one
 * more than connections, fewer where the parts have grown, but two at least. */
unsigned part_plan_places(uint64_t base, uint64_t len, unsigned connections);

#endif
