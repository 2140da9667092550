#include <string.h>

#include "aws/xml.h"
#include "s3/s3xml.h"

struct error_reader {
	struct xml_reader r;
	struct s3xml_error *x;
	char *to; /* where the text of the open element goes; NULL: nowhere */
	size_t room;
};

static void XMLCALL
error_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct error_reader *er = arg;
	struct s3xml_error *x = er->x;
	const struct {
		const char *name;
		char *to;
		size_t size;
	} fields[] = {
	    {"Code", x->code, sizeof(x->code)},
	    {"Message", x->message, sizeof(x->message)},
	    {"Region", x->region, sizeof(x->region)},
	    {"Endpoint", x->endpoint, sizeof(x->endpoint)},
	    {"StorageClass", x->storage_class, sizeof(x->storage_class)},
	};

	(void)attributes;
	if (!xml_enter(&er->r))
		return;
	if (er->r.depth == 1 && strcmp(name, "Error") != 0)
		xml_stop(&er->r, "it is no Error");
	er->to = NULL;
	if (er->r.depth != 2)
		return;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(name, fields[i].name) == 0) {
			er->to = fields[i].to;
			er->room = fields[i].size - 1;
			memset(er->to, 0, fields[i].size);
		}
	}
}

static void XMLCALL
error_text(void *arg, const XML_Char *s, int len)
{
	struct error_reader *er = arg;
	size_t n = (size_t)len;

	if (er->to == NULL)
		return;
	if (n > er->room)
		n = er->room;
	memcpy(er->to, s, n);
	er->to += n;
	er->room -= n;
}

static void XMLCALL
error_end(void *arg, const XML_Char *name)
{
	struct error_reader *er = arg;

	(void)name;
	er->to = NULL;
	er->r.depth--;
}

int
s3xml_error(struct s3xml_error *x, const char *doc, size_t len)
{
	struct error_reader er = {.x = x};

	*x = (struct s3xml_error){0};
	if (xml_read(&er.r, doc, len, error_start, error_end, error_text) == 0)
		return 1;
	*x = (struct s3xml_error){0};
	return 0;
}
