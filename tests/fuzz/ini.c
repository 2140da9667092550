/* lib/aws/ini: any file; what can be asked of it afterwards. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws/ini.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
touch(const char *s)
{
	if (s != NULL && strlen(s) > INI_LEN_MAX)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"default", "x", "two words", ""};
	static const char *const keys[] = {"region", "s3", "aws_access_key_id", ""};
	struct err e = {.status = 0};
	struct ini *ini = ini_parse((const char *)data, size, &e);

	if (ini == NULL) {
		if (e.status != EXIT_USAGE || e.text[0] == '\0')
			abort();
		return 0;
	}
	for (size_t i = 0; i < 4; i++) {
		for (int typed = 0; typed <= 1; typed++) {
			const struct ini_section *s =
			    ini_section(ini, typed ? "profile" : NULL, names[i]);

			for (size_t k = 0; k < 4; k++) {
				touch(ini_get(s, keys[k]));
				touch(ini_get_nested(s, keys[k], "addressing_style"));
				if (ini_get(s, keys[k]) == NULL &&
				    ini_get_nested(s, keys[k], "addressing_style") != NULL)
					abort();
			}
		}
	}
	ini_free(ini);
	return 0;
}
