/* Known values: RFC 3720, appendix B.4; the check value of "123456789". */
#include <stdlib.h>

#include "sums/crc32c.h"
#include "tap.h"

int
main(void)
{
	unsigned char b[4096];
	int same = 1, combined = 1;

	memset(b, 0, 32);
	OK(crc32c(0, b, 32) == 0x8a9136aa, "32 bytes of zeros");
	memset(b, 0xff, 32);
	OK(crc32c(0, b, 32) == 0x62a8ab43, "32 bytes of ones");
	for (int i = 0; i < 32; i++)
		b[i] = (unsigned char)i;
	OK(crc32c(0, b, 32) == 0x46dd794e, "32 ascending bytes");
	OK(crc32c(0, "123456789", 9) == 0xe3069283, "the check value");
	OK(crc32c(0, b, 0) == 0, "nothing");
	srand(1);
	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = (unsigned char)rand();
	for (size_t i = 0; i < 200; i++) {
		size_t off = (size_t)rand() % 64, n = (size_t)rand() % (sizeof(b) - 64),
		       k = n > 0 ? (size_t)rand() % n : 0;
		uint32_t whole = crc32c(0, b + off, n);

		same &= whole == crc32c_portable(0, b + off, n) &&
		    whole == crc32c(crc32c(0, b + off, k), b + off + k, n - k);
		combined &= whole ==
		    crc32c_combine(crc32c(0, b + off, k), crc32c(0, b + off + k, n - k), n - k);
	}
	/* what is known of a length is used the second time */
	for (size_t len = 0; len < 1500; len++)
		for (int twice = 0; twice < 2; twice++)
			combined &= crc32c(0, b, 100 + len) ==
			    crc32c_combine(crc32c(0, b, 100), crc32c(0, b + 100, len), len);
	combined &= crc32c_combine(1, 0, UINT64_C(1) << 33) ==
	    crc32c_combine(crc32c_combine(1, 0, UINT64_C(1) << 32), 0, UINT64_C(1) << 32);
	combined &= crc32c_combine(1, 0, UINT64_C(1) << 32) != 1;
	OK(same, "instruction and tables agree, whole and in pieces");
	OK(combined, "checksums of two pieces combine to that of the whole");
	OK(crc32c_combine(0x12345678, 0, 0) == 0x12345678, "combining with nothing");
	return tap_done();
}
