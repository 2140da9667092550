/*
 * lib/report: whatever is in a work folder, each format of the report is what it must be: the text
 * without anything that a terminal obeys, valid JSON, a page from which nothing gets out of its
 * JSON, metrics that can be parsed.
 */
#include <stdint.h>

#include <jansson.h>

#include "base/printable.h"
#include "base/utf8.h"
#include "folder.h"
#include "report/alarm.h"
#include "report/history.h"
#include "report/metrics.h"
#include "report/render.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Valid UTF-8 of which a terminal obeys nothing but line feeds. */
static void
check_printable(const struct buf *out)
{
	for (size_t i = 0, n; i < out->len; i += n) {
		n = utf8_char(out->p + i, out->len - i);
		if (out->p[i] != '\n' && !printable_is(out->p + i, n))
			abort();
	}
}

static void
check_json(const char *p, size_t len)
{
	json_t *o = json_loadb(p, len, JSON_REJECT_DUPLICATES, NULL);

	if (!json_is_object(o))
		abort();
	json_decref(o);
}

static void
check_html(struct buf *page)
{
	static const char begin[] = "<script type=\"application/json\" id=\"data\">";
	const char *from = strstr(buf_str(page), begin), *to;
	static size_t rest; /* of the page, always the same */

	if (from == NULL || strlen(page->p) != page->len)
		abort();
	from += sizeof(begin) - 1;
	if ((to = strstr(from, "</script>")) == NULL)
		abort();
	check_json(from, (size_t)(to - from));
	if (rest != 0 && rest != page->len - (size_t)(to - from))
		abort();
	rest = page->len - (size_t)(to - from);
	for (const char *p = from; p < to; p++)
		if (strchr("<>&", *p) != NULL)
			abort();
}

/* NAME{LABEL="VALUE",...} NUMBER */
static void
check_sample(const char *p)
{
	char *end;

	p += strspn(p, "abcdefghijklmnopqrstuvwxyz_0123456789");
	if (*p++ != '{')
		abort();
	for (;;) {
		p += strspn(p, "abcdefghijklmnopqrstuvwxyz_");
		if (strncmp(p, "=\"", 2) != 0)
			abort();
		for (p += 2; *p != '"'; p++) {
			if (*p == '\\' && strchr("\\\"n", *++p) == NULL)
				abort();
			if (*p == '\0' || *p == '\n')
				abort();
		}
		if (*++p != ',')
			break;
		p++;
	}
	if (strncmp(p, "} ", 2) != 0)
		abort();
	(void)strtod(p + 2, &end);
	if (end == p + 2 || *end != '\0')
		abort();
}

static void
check_prometheus(struct buf *out)
{
	char *line = out->len > 0 ? (char *)(uintptr_t)buf_str(out) : NULL, *lf;

	for (; line != NULL && *line != '\0'; line = lf + 1) {
		if ((lf = strchr(line, '\n')) == NULL)
			abort();
		*lf = '\0';
		if (*line != '#')
			check_sample(line);
	}
}

static void
check_formats(const struct report *r)
{
	struct buf out = {0};

	render_text(&out, r);
	check_printable(&out);
	buf_reset(&out);
	render_json(&out, r);
	check_printable(&out);
	check_json(out.p, out.len);
	buf_reset(&out);
	render_html(&out, r);
	check_html(&out);
	buf_reset(&out);
	render_prometheus(&out, r);
	check_printable(&out);
	check_prometheus(&out);
	buf_reset(&out);
	render_emf(&out, r);
	check_printable(&out);
	check_json(out.p, out.len);
	if (out.len > 1000000 || memchr(out.p, '\n', out.len) != out.p + out.len - 1)
		abort();
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct metrics ms;
	char path[] = "/dev/shm/sheaf-fuzz-XXXXXX";
	struct alarm alarms[] = {{.text = "errors>5%"}, {.text = "duration>90m"}};
	struct prices prices = PRICES_DEFAULT;
	struct report r = {.metrics = &ms, .alarms = alarms, .n_alarms = 2};
	struct history *h;
	struct err e;

	folder_make(path, (const char *)data, size);
	h = history_read(path, &e);
	folder_remove(path);
	if (h == NULL)
		return 0;
	free(h->work); /* always the same, so that the page's length tells */
	h->work = xstrdup("work");
	r.now_ms = 1800000000000;
	metrics_make(&ms, h, &prices, r.now_ms);
	for (size_t i = 0; i < 2; i++)
		if (alarm_check(&alarms[i], &ms, &e) == -1)
			abort();
	r.run = h;
	check_formats(&r);
	history_free(h);
	return 0;
}
