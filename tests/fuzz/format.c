/*
 * lib/archive/format: what n bytes tell, more bytes do not change; FORMAT_LEAD bytes, and a whole
 * stream, are always enough.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "archive/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *first = NULL;
	struct format_is is;
	enum format_verdict told = FORMAT_MORE;

	for (size_t n = 0; n <= size && n <= FORMAT_LEAD + 3; n++) {
		enum format_verdict v = format_look(p, n, 0, &is);

		if ((told != FORMAT_MORE && v != told) || (v == FORMAT_MORE && n >= FORMAT_LEAD))
			abort();
		if (v == FORMAT_KNOWN && first != NULL && strcmp(is.name, first) != 0)
			abort();
		if (v == FORMAT_KNOWN)
			first = is.name;
		told = v;
		if (format_look(p, n, 1, &is) == FORMAT_MORE ||
		    (v != FORMAT_MORE && format_look(p, n, 1, &is) != v))
			abort();
	}
	return 0;
}
