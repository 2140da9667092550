#include <string.h>

#include "csv/csv.h"
#include "csv/csv_merge_out.h"
#include "sums/crc32c.h"

void
csv_merge_out_init(struct csv_merge_out *o, const struct csv_merge_opt *opt,
    const struct csv_merge_ops *ops, void *arg)
{
	*o = (struct csv_merge_out){.opt = opt, .ops = ops, .arg = arg};
	spool_init(&o->spool);
	buf_room(&o->bytes, CSV_MERGE_OUT_LEN);
}

void
csv_merge_out_free(struct csv_merge_out *o)
{
	buf_free(&o->header);
	buf_free(&o->bytes);
	spool_free(&o->spool);
}

/* --- bytes --- */

static void
count(struct csv_merge_out *o, const char *p, size_t n)
{
	o->src.bytes += n;
	if (!o->opt->no_sums)
		o->src.crc32c = crc32c(o->src.crc32c, p, n);
}

static int
write_out(struct csv_merge_out *o, const char *p, size_t n, struct err *e)
{
	o->totals.bytes += n;
	return n > 0 ? o->ops->write(o->arg, p, n, e) : 0;
}

int
csv_merge_out_flush(struct csv_merge_out *o, struct err *e)
{
	size_t done = o->done, rest = o->bytes.len - done;
	int rc;

	if (o->bytes.len == 0)
		return 0;
	o->done = o->bytes.len = 0;
	if (o->spooling) {
		rc = write_out(o, o->bytes.p, done, e);
		return rc == 0 && rest > 0 ? spool_add(&o->spool, o->bytes.p + done, rest, e) : rc;
	}
	count(o, o->bytes.p + done, rest);
	return write_out(o, o->bytes.p, done + rest, e);
}

int
csv_merge_out_add(struct csv_merge_out *o, const char *p, size_t n, struct err *e)
{
	char *to;

	if (n < CSV_MERGE_OUT_LEN / 8) {
		if ((to = csv_merge_out_room(o, n, e)) == NULL)
			return -1;
		memcpy(to, p, n);
		o->bytes.len += n;
		return 0;
	}
	if (csv_merge_out_flush(o, e) == -1)
		return -1;
	if (o->spooling)
		return spool_add(&o->spool, p, n, e);
	count(o, p, n);
	return write_out(o, p, n, e);
}

int
csv_merge_out_add_spooled(struct csv_merge_out *o, uint64_t offset, uint64_t len, struct err *e)
{
	char b[CSV_PIECE];

	while (len > 0) {
		ssize_t r =
		    spool_read(&o->spool, offset, b, len < sizeof(b) ? (size_t)len : sizeof(b), e);

		if (r <= 0 || csv_merge_out_add(o, b, (size_t)r, e) == -1)
			return -1;
		offset += (uint64_t)r;
		len -= (uint64_t)r;
	}
	return 0;
}

/* --- the header --- */

void
csv_merge_out_end_header(struct csv_merge_out *o)
{
	const char *name = o->opt->source_column;

	if (name != NULL) {
		buf_addc(&o->header, o->opt->delim);
		csv_quote(&o->header, o->opt->delim, name, strlen(name));
	}
	buf_addc(&o->header, '\n');
}

void
csv_merge_out_add_source(const struct csv_merge_out *o, struct buf *to, const char *name)
{
	struct buf value = {0};

	if (o->opt->source_prefix != NULL)
		buf_adds(&value, o->opt->source_prefix);
	buf_adds(&value, name);
	buf_addc(to, o->opt->delim);
	csv_quote(to, o->opt->delim, value.p, value.len);
	buf_free(&value);
}

int
csv_merge_out_header(struct csv_merge_out *o, struct err *e)
{
	const struct buf *h = &o->header;

	if (o->header_written || h->len == 0)
		return 0;
	o->header_written = 1;
	o->totals.header = h->p;
	o->totals.header_bytes = h->len;
	if (!o->opt->no_sums)
		o->totals.header_crc32c = o->totals.crc32c = crc32c(0, h->p, h->len);
	if (o->bytes.len > 0) /* rows of a held source were collected before it */
		return write_out(o, h->p, h->len, e);
	buf_add(&o->bytes, h->p, h->len);
	o->done = o->bytes.len;
	return 0;
}

/* --- a source --- */

void
csv_merge_out_begin(struct csv_merge_out *o, const char *name)
{
	o->src = (struct csv_merge_source){.name = name};
	o->spool_from = spool_len(&o->spool);
}

int
csv_merge_out_end(struct csv_merge_out *o, struct err *e)
{
	struct csv_merge_source *s = &o->src;

	count(o, o->bytes.p + o->done, o->bytes.len - o->done);
	o->done = o->bytes.len;
	if (!o->opt->no_sums)
		o->totals.crc32c = crc32c_combine(o->totals.crc32c, s->crc32c, s->bytes);
	o->totals.rows += s->rows;
	o->totals.sources++;
	return o->ops->source != NULL ? o->ops->source(o->arg, s, e) : 0;
}

int
csv_merge_out_release(struct csv_merge_out *o, struct err *e)
{
	int rc = 0;

	if (spool_len(&o->spool) > 0) {
		rc = csv_merge_out_flush(o, e);
		o->spooling = 0;
		if (rc == 0)
			rc = csv_merge_out_add_spooled(o, 0, spool_len(&o->spool), e);
		o->spooling = 1;
		if (rc == 0)
			rc = spool_cut(&o->spool, 0, e);
	}
	return rc == 0 ? csv_merge_out_end(o, e) : -1;
}

int
csv_merge_out_drop(struct csv_merge_out *o, struct err *e)
{
	if (!o->spooling)
		return 0;
	o->bytes.len = o->done;
	return spool_cut(&o->spool, o->spool_from, e);
}
