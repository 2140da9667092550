#include <string.h>

#include "aws/region.h"

int
region_is_name(const char *s)
{
	size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len > 0 && len < REGION_LEN && s[len] == '\0' && s[0] != '-' && s[len - 1] != '-';
}
