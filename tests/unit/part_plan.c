/* Part lengths: the limits of S3, kept for every size that an object can have. */
#include "s3/put/part_plan.h"
#include "tap.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)

struct upload {
	uint64_t parts, longest, most_memory;
	int bad; /* a part out of bounds, or not the first one's length where the size is known */
};

/* Goes through an upload of so many bytes; known: its size is. */
static struct upload
run(uint64_t base, uint64_t size, int known)
{
	struct upload u = {0};
	uint64_t sent = 0, first = part_plan_len(base, known ? (int64_t)size : -1, 0);

	while (sent < size) {
		uint64_t len = part_plan_len(base, known ? (int64_t)size : -1, sent);
		uint64_t memory = len * part_plan_places(base, len, 4);

		u.bad |= len < base || len > S3_PART_MAX || (known && len != first);
		if (len > u.longest)
			u.longest = len;
		if (memory > u.most_memory)
			u.most_memory = memory;
		sent += len < size - sent ? len : size - sent;
		u.parts++;
	}
	return u;
}

static void
check_limits(void)
{
	static const uint64_t bases[] = {
	    S3_PART_MIN, S3_PART_MIN + 1, S3_PART_DEFAULT, 64 * MIB, 525 * MIB, 5 * GIB};
	static const uint64_t sizes[] = {
	    1, S3_PART_MIN, 100 * MIB, 48 * GIB, 80 * GIB, 80 * GIB + 1, TIB, 5 * TIB - 1, 5 * TIB};

	for (size_t b = 0; b < sizeof(bases) / sizeof(bases[0]); b++) {
		for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
			for (int known = 0; known <= 1; known++) {
				struct upload u = run(bases[b], sizes[s], known);

				OK(u.parts <= S3_PARTS_MAX && !u.bad,
				    "%llu bytes, parts of %llu, size %s: %llu parts",
				    (unsigned long long)sizes[s], (unsigned long long)bases[b],
				    known ? "known" : "unknown", (unsigned long long)u.parts);
			}
		}
	}
}

int
main(void)
{
	struct upload u;

	check_limits();
	OK(part_plan_len(S3_PART_DEFAULT, 80000 * (int64_t)MIB, 0) == 8 * MIB,
	    "10,000 parts of 8 MiB are not grown");
	OK(part_plan_len(S3_PART_DEFAULT, 80000 * (int64_t)MIB + 1, 0) == 9 * MIB,
	    "one byte more, and they are");
	OK(part_plan_len(S3_PART_DEFAULT, 5 * (int64_t)TIB, 0) == 525 * MIB, "5 TiB: 525 MiB");
	OK(part_plan_len(S3_PART_DEFAULT, -1, 10000 * MIB) == 8 * MIB,
	    "a stream: 8 MiB after 10,000 MiB");
	OK(part_plan_len(S3_PART_DEFAULT, -1, 10008 * MIB) == 9 * MIB, "and then more");
	u = run(S3_PART_DEFAULT, 12 * GIB, 0);
	OK(u.longest <= 10 * MIB && u.most_memory <= 50 * MIB,
	    "a stream of 12 GiB: parts of up to %llu bytes, %llu in memory",
	    (unsigned long long)u.longest, (unsigned long long)u.most_memory);
	u = run(S3_PART_DEFAULT, 100 * GIB, 0);
	OK(u.most_memory <= 256 * MIB, "a stream of 100 GiB: %llu bytes in memory",
	    (unsigned long long)u.most_memory);
	u = run(S3_PART_DEFAULT, 5 * TIB, 1);
	OK(u.most_memory <= 1050 * MIB, "a file of 5 TiB: %llu bytes in memory",
	    (unsigned long long)u.most_memory);
	OK(part_plan_places(8 * MIB, 8 * MIB, 64) == 65,
	    "as many connections as asked for, while the parts are as asked for");
	OK(part_plan_places(8 * MIB, 8 * MIB, 4) == 5, "one more than there are connections");
	OK(part_plan_places(8 * MIB, 64 * MIB, 4) == 4, "as many as 256 MiB hold");
	OK(part_plan_places(8 * MIB, 5 * GIB, 4) == 2, "two of the longest");
	return tap_done();
}
