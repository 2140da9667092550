/* lib/base/buf: numbers as printf has them, over growing buffers. */
#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "tap.h"

static void
test_number(uint64_t n)
{
	struct buf b = {0};
	char want[64];

	for (int i = 0; i < 100; i++) { /* over the first memory's end */
		buf_reset(&b);
		for (int k = 0; k < 200 + i; k++)
			buf_addc(&b, '.');
		buf_addu(&b, n);
		buf_addc(&b, ' ');
		buf_addx(&b, (uint32_t)n);
		snprintf(want, sizeof(want), ".%" PRIu64 " %08" PRIx32, n, (uint32_t)n);
		if (strcmp(buf_str(&b) + 199 + i, want) != 0)
			break;
		buf_free(&b);
	}
	OK(b.cap == 0, "%" PRIu64, n);
	buf_free(&b);
}

int
main(void)
{
	uint64_t n = 1;

	test_number(0);
	test_number(UINT64_MAX);
	test_number(UINT32_MAX);
	for (int digits = 1; digits <= 20; digits++, n *= 10) {
		test_number(n);
		test_number(n - 1);
	}
	return tap_done();
}
