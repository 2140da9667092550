#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/caller_env.h"

static const char mark[] = "SHEAF_CALLER", kept[] = "SHEAF_CALLER_";

/* What the pipeline itself sets or changes; if the caller had it, it is kept as well. */
static int
is_ours(const char *pair)
{
	return strncmp(pair, "LC_ALL=", 7) == 0 || strncmp(pair, "SHEAF_", 6) == 0;
}

char **
caller_env(void)
{
	static char **made;
	size_t n = 0;

	if (getenv(mark) == NULL)
		return environ;
	if (made != NULL)
		return made;
	while (environ[n] != NULL)
		n++;
	made = xcalloc(n + 1, sizeof(*made));
	n = 0;
	for (char **p = environ; *p != NULL; p++) {
		if (strncmp(*p, kept, sizeof(kept) - 1) == 0)
			made[n++] = *p + sizeof(kept) - 1;
		else if (!is_ours(*p))
			made[n++] = *p;
	}
	return made;
}
