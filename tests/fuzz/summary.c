/* lib/work/summary: any text; what is taken over is JSON again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "work/summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct summary a;
	struct buf again = {0};
	struct err e = {.status = 0};
	json_t *root;

	if (summary_parse(&a, (const char *)data, size, "x", &e) == -1) {
		if (e.status == EXIT_OK || strncmp(e.text, "x: ", 3) != 0 || a.rest.len != 0)
			abort();
		return 0;
	}
	if (strlen(a.crc32c) != 8 || a.bytes > INT64_MAX)
		abort();
	buf_addc(&again, '{');
	buf_add(&again, a.rest.p, a.rest.len);
	buf_addc(&again, '}');
	if ((root = json_loadb(again.p, again.len, JSON_REJECT_DUPLICATES, NULL)) == NULL)
		abort();
	json_decref(root);
	buf_free(&again);
	summary_free(&a);
	return 0;
}
