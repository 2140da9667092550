#include <string.h>

#include "work/source_name.h"

void
source_name_escape(struct buf *out, const char *name)
{
	for (; *name != '\0'; name++) {
		if (*name == '\t')
			buf_adds(out, "\\t");
		else if (*name == '\n')
			buf_adds(out, "\\n");
		else if (*name == '\\')
			buf_adds(out, "\\\\");
		else
			buf_addc(out, *name);
	}
}

void
source_name_unescape(char *field)
{
	char *to = field;

	for (const char *s = field; *s != '\0'; s++) {
		if (*s == '\\' && s[1] != '\0') {
			s++;
			*to++ = *s == 't' ? '\t' : *s == 'n' ? '\n' : *s;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

int
source_name_is(const char *name, const char *uri)
{
	return strncmp(uri, "s3://", 5) == 0 && strcmp(uri + 5, name) == 0;
}
