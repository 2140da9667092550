#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "report/render_json.h"

enum {
	LIST_MAX = 300000, /* bytes of one list, so that 30,000 batches stay below 5 MB */
};

extern const char report_html[], report_html_end[];

/* The template of the page is part of the program. */
__asm__(".section .rodata\n"
	".global report_html, report_html_end\n"
	"report_html: .incbin \"tools/report.html\"\n"
	"report_html_end: .byte 0\n"
	".previous\n");

/* JSON for a script element: nothing in it may end the element or a line of script. */
static void
add_script_safe(struct buf *out, const struct buf *json)
{
	for (size_t i = 0; i < json->len; i++) {
		const unsigned char *u = (const unsigned char *)json->p + i;

		if (*u == '<' || *u == '>' || *u == '&') {
			buf_addf(out, "\\u%04x", (unsigned)*u);
		} else if (json->len - i > 2 && *u == 0xe2 && u[1] == 0x80 &&
		    (u[2] & 0xfe) == 0xa8) {
			buf_addf(out, "\\u20%02x", (unsigned)u[2] - 0x80); /* U+2028, U+2029 */
			i += 2;
		} else {
			buf_addc(out, json->p[i]);
		}
	}
}

/* The page makes the usual URI from DEST and the name of the batch. */
static int
is_usual_uri(const struct history *r, const struct history_batch *b)
{
	const char *dest = history_setting(r, "DEST");
	struct buf usual = {0};
	int same;

	if (dest == NULL || b->uri == NULL)
		return 0;
	buf_addf(&usual, "%smerged-%s.csv", dest, b->name);
	same = strcmp(buf_str(&usual), b->uri) == 0;
	buf_free(&usual);
	return same;
}

/* A row with the fields of batch_fields, in that order. */
static void
add_row(struct buf *out, const struct history *r, const struct history_batch *b, int64_t first_ms,
    size_t *causes_len)
{
	const struct history_counts *c = &b->counts;
	const char *cause = b->cause;

	if (cause != NULL && (*causes_len += strlen(cause)) > LIST_MAX)
		cause = "";
	buf_addf(out, "[\"%s\",%d,%lu,", b->name, (int)b->state, (unsigned long)b->attempts);
	if (b->start_ms != 0)
		buf_addf(out, "%lld,%lld,", (long long)(b->start_ms - first_ms),
		    (long long)(b->end_ms - b->start_ms));
	else
		buf_adds(out, "null,null,");
	buf_addf(out, "%lld,%lld,%llu,%llu,%llu,%llu,%llu,%llu,%llu,%llu,%llu,%llu,",
	    (long long)b->get_ms, (long long)b->put_ms, (unsigned long long)b->objects,
	    (unsigned long long)b->rejected, (unsigned long long)b->rows,
	    (unsigned long long)b->bytes, (unsigned long long)c->bytes_in,
	    (unsigned long long)c->requests, (unsigned long long)c->retries,
	    (unsigned long long)c->throttled, (unsigned long long)c->hedged,
	    (unsigned long long)b->latency_max_us / 1000);
	json_text(out, b->etag);
	json_text(out, is_usual_uri(r, b) ? "" : b->uri);
	json_text(out, cause);
	json_end(out, "]");
}

void
render_html(struct buf *out, const struct report *p)
{
	static const char mark[] = "REPORT_JSON";
	const char *at = strstr(report_html, mark);
	const struct history *r = p->run;
	size_t causes_len = 0;
	struct buf json = {0};

	if (at == NULL)
		abort();
	json_head(&json, p, LIST_MAX);
	buf_adds(&json,
	    "\"batch_fields\":[\"batch\",\"state\",\"attempts\",\"start\",\"ms\","
	    "\"get_ms\",\"put_ms\",\"objects\",\"rejected\",\"rows\",\"bytes\","
	    "\"bytes_in\",\"requests\",\"retries\",\"throttled\",\"hedged\","
	    "\"latency_max_ms\",\"etag\",\"uri\",\"cause\"],\n\"batch_rows\":[");
	for (size_t i = 0; i < r->n_batches; i++)
		add_row(&json, r, &r->batches[i], r->n_sessions > 0 ? r->sessions[0].start_ms : 0,
		    &causes_len);
	json_end(&json, "]");
	json.len--;
	buf_addc(&json, '}');
	buf_add(out, report_html, (size_t)(at - report_html));
	add_script_safe(out, &json);
	buf_add(out, at + sizeof(mark) - 1, (size_t)(report_html_end - at) - (sizeof(mark) - 1));
	buf_free(&json);
}
