#include "s3/put/part_plan.h"

#define MIB (UINT64_C(1) << 20)
#define MEMORY (256 * MIB) /* bytes for parts that have grown, unless two of them take more */

enum { GROW_AFTER = 1250 }; /* parts: starting at 5 MiB, 10,000 of them make 6 TiB */

static uint64_t
whole_mib(uint64_t len)
{
	return (len + MIB - 1) / MIB * MIB;
}

uint64_t
part_plan_len(uint64_t base, int64_t size, uint64_t sent)
{
	uint64_t least =
	    size >= 0 ? ((uint64_t)size + S3_PARTS_MAX - 1) / S3_PARTS_MAX : sent / GROW_AFTER;
	uint64_t len = least <= base ? base : whole_mib(least);

	return len < S3_PART_MAX ? len : S3_PART_MAX;
}

unsigned
part_plan_places(uint64_t base, uint64_t len, unsigned connections)
{
	uint64_t most = (uint64_t)connections + 1;
	uint64_t memory = most * base > MEMORY ? most * base : MEMORY;
	uint64_t places = memory / len;

	if (places > most)
		places = most;
	return places > 2 ? (unsigned)places : 2;
}
