#include <string.h>

#include "s3/put/s3_putter.h"
#include "sums/crc32c.h"

void
putter_part_ended(struct putter *p, struct part *part)
{
	if (part->call.ok) {
		struct part_done *done = &p->done[part->number - 1];

		memcpy(done->etag, part->call.answer.etag, sizeof(done->etag));
		memcpy(done->checksum, part->checksum, sizeof(done->checksum));
		memcpy(p->md5s[part->number - 1], part->digest.md5, 16);
	} else if (!p->failed) {
		p->failed = 1;
		s3_call_err(&part->call, p->e);
	}
	s3_call_free(&part->call);
	buf_reset(&part->data);
	part->busy = 0;
	p->n_busy--;
}

void
putter_collect(struct putter *p)
{
	for (unsigned i = 0; p->n_busy > 0 && i < p->n_places; i++)
		if (p->parts[i].busy && p->parts[i].call.ended)
			putter_part_ended(p, &p->parts[i]);
}

/* An input that is too long is wrong before its end is reached. */
static int
is_too_much(struct putter *p)
{
	if (p->opt->expect_size >= 0 && p->src.bytes > (uint64_t)p->opt->expect_size) {
		err_set(p->e, EXIT_FAILED,
		    "%s: %llu bytes and more, expected %lld; nothing is stored", p->src.name,
		    (unsigned long long)p->src.bytes, (long long)p->opt->expect_size);
		return 1;
	}
	if (p->src.bytes > S3_OBJECT_MAX) {
		err_set(
		    p->e, EXIT_FAILED, "%s: larger than the largest object (5 TiB)", p->src.name);
		return 1;
	}
	return 0;
}

static int
read_more(struct putter *p, struct part *part, uint64_t n)
{
	size_t before = part->data.len;

	if (put_source_read(&p->src, &part->data, n, p->e) == -1)
		return -1;
	put_sums_add(&part->sums, part->data.p + before, part->data.len - before);
	return is_too_much(p) ? -1 : 0;
}

static void
begin_part(struct putter *p, struct part *part, uint64_t len)
{
	uint64_t left =
	    p->size >= 0 && (uint64_t)p->size > p->src.bytes ? (uint64_t)p->size - p->src.bytes : 0;

	/* all at once, so that it never moves; and a byte more to detect the end */
	buf_room(&part->data, (p->size >= 0 && left < len ? left : len) + 1);
	put_sums_begin(&part->sums, s3_signs_payload(p->s3) || p->opt->checksum == CHECKSUM_SHA256);
}

static void
end_part(struct putter *p, struct part *part)
{
	put_sums_end(&part->sums, &part->digest);
	p->src.crc32c = crc32c_combine(p->src.crc32c, part->digest.crc32c, part->data.len);
}

int
putter_fill(struct putter *p, struct part *part, uint64_t most)
{
	uint64_t whole = part_plan_len(p->base, p->size, p->in_parts);
	uint64_t len = most < whole ? most : whole;

	if (part->data.len == 0)
		begin_part(p, part, whole);
	while (part->data.len < len && !p->src.eof) {
		if (putter_stopped(p))
			return -1;
		/* never block in a read: an interruption must be seen even without input */
		if (!put_source_ready(&p->src, p->n_busy > 0 ? 0 : PUTTER_STEP_MS)) {
			if (p->n_busy > 0)
				s3_step(p->s3, PUTTER_STEP_MS);
		} else if (read_more(p, part, len - part->data.len) == -1) {
			p->failed = 1;
			return -1;
		} else if (p->n_busy > 0) {
			s3_step(p->s3, 0);
		}
		putter_collect(p);
	}
	if (part->data.len == whole || p->src.eof)
		end_part(p, part);
	return 0;
}
