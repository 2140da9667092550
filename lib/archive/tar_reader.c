#include <stdlib.h>
#include <string.h>

#include "archive/tar_block.h"
#include "base/num.h"

enum {
	RECORD_MAX = 1 << 20,	/* bytes of a pax or GNU record */
	PATH_LEN_MAX = 1 << 16, /* bytes of a member's name */
};

static const char too_long[] = "a name of over 64 KiB in the tar stream";
static const char bad_size[] =
    "the tar stream is damaged: the size of a member is not a valid number";

enum state {
	AT_HEADER,  /* collecting a header block */
	AT_RECORD,  /* collecting a pax or GNU record, of type record_type */
	AT_BODY,    /* inside the body of a regular file */
	AT_SKIP,    /* skipping a body that is not wanted */
	AT_PADDING, /* skipping the padding of the last block */
	AT_END,
	AT_ERROR,
};

struct tar_reader {
	enum state state;
	char block[TAR_BLOCK];
	size_t block_len;
	struct buf record;
	char record_type;
	uint64_t left;	  /* bytes of the body, record or padding still to come */
	uint64_t padding; /* after it */
	int close;	  /* TAR_CLOSE is due */
	int zero_blocks;
	int end_told;	 /* TAR_END was returned */
	int n_headers;	 /* so far: without any, a bad one means "not tar", not "damaged" */
	struct buf name; /* of the current entry */
	uint64_t size;
	const char *unfit;    /* why the current entry's body is not the file's; NULL: it is */
	struct buf next_name; /* from an x or L record, for the next member only */
	int has_next_name, has_next_size, next_is_sparse;
	uint64_t next_size;
};

struct tar_reader *
tar_reader_new(void)
{
	return xcalloc(1, sizeof(struct tar_reader));
}

void
tar_reader_free(struct tar_reader *t)
{
	if (t == NULL)
		return;
	buf_free(&t->record);
	buf_free(&t->name);
	buf_free(&t->next_name);
	free(t);
}

const char *
tar_entry_name(const struct tar_reader *t, size_t *len)
{
	*len = t->name.len;
	return t->name.p != NULL ? t->name.p : "";
}

uint64_t
tar_entry_size(const struct tar_reader *t)
{
	return t->size;
}

const char *
tar_entry_unfit(const struct tar_reader *t)
{
	return t->unfit;
}

static int
fail(struct tar_reader *t, const char *what, struct err *e)
{
	t->state = AT_ERROR;
	return err_set(e, EXIT_FAILED, "%s", what);
}

/* Reads an octal number, which a space or NUL may end, or GNU's base 256. -1 if the field has
 * neither. */
static int
field_number(const char *p, size_t len, uint64_t *v)
{
	size_t i = 0;

	*v = 0;
	if ((unsigned char)p[0] & 0x80) { /* a negative number (0xff) is not a size */
		if (((unsigned char)p[0] & 0x7f) != 0)
			return -1;
		for (i = 1; i < len; i++) {
			if (*v >> 55 != 0)
				return -1;
			*v = *v << 8 | (unsigned char)p[i];
		}
		return 0;
	}
	while (i < len && p[i] == ' ')
		i++;
	for (; i < len && p[i] >= '0' && p[i] <= '7'; i++)
		*v = *v << 3 | (uint64_t)(p[i] - '0');
	return i == len || p[i] == '\0' || p[i] == ' ' ? 0 : -1;
}

static int
sum_is_right(const char *h)
{
	unsigned sum, high = 0;
	uint64_t want;

	if (field_number(h + TAR_SUM_OFF, TAR_SUM_LEN, &want) == -1)
		return 0;
	sum = tar_block_sum(h) + TAR_SUM_LEN * ' ';
	for (int i = TAR_SUM_OFF; i < TAR_SUM_OFF + TAR_SUM_LEN; i++)
		sum -= (unsigned char)h[i];
	if (want == sum)
		return 1;
	/* some old writers added up signed bytes */
	for (int i = 0; i < TAR_BLOCK; i++)
		high += (unsigned char)h[i] >> 7;
	return want == sum - 256 * high;
}

static void
header_name(struct tar_reader *t)
{
	const char *h = t->block;
	int has_prefix = memcmp(h + TAR_MAGIC_OFF, "ustar\0", 6) == 0 && h[TAR_PREFIX_OFF] != '\0';

	buf_reset(&t->name);
	if (t->has_next_name) {
		buf_add(&t->name, t->next_name.p, t->next_name.len);
		return;
	}
	if (has_prefix) {
		buf_add(&t->name, h + TAR_PREFIX_OFF, strnlen(h + TAR_PREFIX_OFF, TAR_PREFIX_LEN));
		buf_addc(&t->name, '/');
	}
	buf_add(&t->name, h + TAR_NAME_OFF, strnlen(h + TAR_NAME_OFF, TAR_NAME_LEN));
}

static const char *
no_tar(const struct tar_reader *t)
{
	return memcmp(t->block, "\x1f\x8b", 2) == 0
	    ? "the tar stream is compressed by gzip: decompress it first"
	    : "not a tar stream";
}

/* Why rows of a member of that type would be missing; NULL where they are in its body, or where it
 * has none. */
static const char *
why_unfit(char type)
{
	switch (type) {
	case '0':
	case '7':  /* a contiguous file */
	case '\0': /* V7 */
	case '5':  /* a folder */
	case 'D':  /* the names in a folder (GNU) */
	case 'V': /* the label of a volume (GNU) */ return NULL;
	case '1':
		return "is a hard link, so its rows are not here (tar --hard-dereference puts them "
		       "here)";
	case '2':
		return "is a symbolic link, so its rows are not here (tar --dereference "
		       "--hard-dereference puts them here)";
	case '3':
	case '4':
	case '6': return "is a device or a FIFO, which has no rows";
	case 'S': return "is stored as a sparse file, which is not supported";
	case 'M': return "continues from another volume";
	default: return "is of a type that is not supported";
	}
}

/* A member's header: finds out whether it is a file, and its size. */
static int
take_member(struct tar_reader *t, char type, uint64_t size, struct err *e)
{
	if (t->has_next_size)
		size = t->next_size;
	if (type >= '1' && type <= '6') /* no body, whatever the size says */
		size = 0;
	header_name(t);
	t->left = t->size = size;
	t->unfit = why_unfit(type);
	if (t->next_is_sparse)
		t->unfit = why_unfit('S');
	t->has_next_name = t->has_next_size = t->next_is_sparse = 0;
	t->state = AT_SKIP;
	if (t->unfit != NULL || type == '0' || type == '7' ||
	    (type == '\0' && (t->name.len == 0 || t->name.p[t->name.len - 1] != '/')))
		t->state = AT_BODY;
	if (t->state == AT_BODY && t->name.len == 0)
		return fail(t, "the tar stream is damaged: a member without a name", e);
	return 0;
}

/* Takes a header block and sets the next state. 0, or -1 with e filled. */
static int
take_header(struct tar_reader *t, struct err *e)
{
	static const char zeros[TAR_BLOCK];
	char type = t->block[TAR_TYPE_OFF];
	uint64_t size;

	if (memcmp(t->block, zeros, TAR_BLOCK) == 0) {
		if (t->has_next_name || t->has_next_size || t->next_is_sparse)
			return fail(
			    t, "the tar stream is damaged: an extended header without a member", e);
		if (++t->zero_blocks == 2)
			t->state = AT_END;
		return 0;
	}
	if (t->zero_blocks > 0 || !sum_is_right(t->block))
		return fail(t,
		    t->n_headers == 0 ? no_tar(t) : "the tar stream is damaged: a header is wrong",
		    e);
	t->n_headers++;
	if (field_number(t->block + TAR_SIZE_OFF, TAR_SIZE_LEN, &size) == -1)
		return fail(t, bad_size, e);
	if (type == 'x' || type == 'g' || type == 'L' || type == 'K') {
		if (size > RECORD_MAX)
			return fail(t, "the tar stream is damaged: a name record of over 1 MiB", e);
		buf_reset(&t->record);
		t->record_type = type;
		t->state = AT_RECORD;
		t->left = size;
	} else if (take_member(t, type, size, e) == -1) {
		return -1;
	}
	t->padding = tar_padding(t->left);
	return 0;
}

static int
is_key(const char *key, size_t len, const char *name)
{
	return len == strlen(name) && memcmp(key, name, len) == 0;
}

/* The name of the next member, from a pax or GNU record: an empty one is none. A second name is
 * refused, as readers differ in which of them counts. */
static int
take_name(struct tar_reader *t, const char *name, size_t len, struct err *e)
{
	if (t->has_next_name)
		return fail(t, "the tar stream is damaged: a member with two names", e);
	if (len > PATH_LEN_MAX)
		return fail(t, too_long, e);
	if (len > 0 && memchr(name, '\0', len) != NULL)
		return fail(t, "the tar stream is damaged: a NUL in a name", e);
	buf_reset(&t->next_name);
	buf_add(&t->next_name, name, len);
	t->has_next_name = len > 0;
	return 0;
}

/* Takes one record of a pax header; with an empty value the header block counts. */
static int
take_pax_record(struct tar_reader *t, const char *key, size_t key_len, const char *value,
    size_t len, struct err *e)
{
	int is_path = is_key(key, key_len, "path"), is_size = is_key(key, key_len, "size");
	int is_sparse = key_len > 11 && memcmp(key, "GNU.sparse.", 11) == 0;

	if (t->record_type == 'g') {
		if (is_path || is_size || is_sparse)
			return fail(t, "a global header of the tar stream sets path or size", e);
	} else if (is_path) {
		return take_name(t, value, len, e);
	} else if (is_size) {
		if (t->has_next_size)
			return fail(t, "the tar stream is damaged: a member with two sizes", e);
		if (len > 0 && num_parse_n(value, len, 0, INT64_MAX, &t->next_size) == -1)
			return fail(t, bad_size, e);
		t->has_next_size = len > 0;
	} else if (is_sparse) {
		t->next_is_sparse = 1;
	}
	return 0;
}

/* Takes the records of a pax header: "LEN KEY=VALUE\n". */
static int
take_pax(struct tar_reader *t, struct err *e)
{
	const char *p = t->record.p, *end = p + t->record.len;

	while (p < end) {
		const char *space = memchr(p, ' ', (size_t)(end - p)), *eq;
		uint64_t len;

		if (space == NULL ||
		    num_parse_n(p, (size_t)(space - p), 1, (uint64_t)(end - p), &len) == -1 ||
		    len <= (uint64_t)(space - p) + 1 || p[len - 1] != '\n' ||
		    (eq = memchr(space, '=', (size_t)(p + len - space))) == NULL)
			return fail(t, "the tar stream is damaged: a pax record is wrong", e);
		if (take_pax_record(t, space + 1, (size_t)(eq - space - 1), eq + 1,
			(size_t)(p + len - 1 - (eq + 1)), e) == -1)
			return -1;
		p += len;
	}
	return 0;
}

static int
take_record(struct tar_reader *t, struct err *e)
{
	if (t->record_type == 'x' || t->record_type == 'g')
		return t->record.len > 0 ? take_pax(t, e) : 0;
	if (t->record_type == 'L') {
		size_t len = t->record.len;

		while (len > 0 && t->record.p[len - 1] == '\0') /* it ends with a NUL */
			len--;
		return take_name(t, t->record.p, len, e);
	}
	return 0;
}

static size_t
take(const char **in, size_t *in_len, uint64_t most)
{
	size_t n = *in_len < most ? *in_len : (size_t)most;

	*in += n;
	*in_len -= n;
	return n;
}

/* After the end-of-archive only zeros may follow. */
static enum tar_event
skip_zeros(struct tar_reader *t, const char **in, size_t *in_len, struct err *e)
{
	if (!t->end_told) {
		t->end_told = 1;
		return TAR_END;
	}
	for (; *in_len > 0; ++*in, --*in_len) {
		if (**in != '\0') {
			fail(t,
			    "the tar stream goes on after its end-of-archive: several archives, "
			    "one "
			    "after another, are not read",
			    e);
			return TAR_ERROR;
		}
	}
	return TAR_NEED;
}

/* The next four each do what can be done in one state. TAR_NEED means: either the state has
 * changed, or all input is used up. */

static enum tar_event
at_header(struct tar_reader *t, const char **in, size_t *in_len, struct err *e)
{
	const char *from = *in;
	size_t n = take(in, in_len, TAR_BLOCK - t->block_len);

	memcpy(t->block + t->block_len, from, n);
	t->block_len += n;
	if (t->block_len < TAR_BLOCK)
		return TAR_NEED;
	t->block_len = 0;
	if (take_header(t, e) == -1)
		return TAR_ERROR;
	if (t->state != AT_BODY)
		return TAR_NEED;
	t->close = 1;
	return TAR_ENTRY;
}

static enum tar_event
at_record(struct tar_reader *t, const char **in, size_t *in_len, struct err *e)
{
	const char *from = *in;
	size_t n = take(in, in_len, t->left);

	buf_add(&t->record, from, n);
	t->left -= n;
	if (t->left > 0)
		return TAR_NEED;
	if (take_record(t, e) == -1)
		return TAR_ERROR;
	t->left = t->padding;
	t->state = AT_PADDING;
	return TAR_NEED;
}

static enum tar_event
at_body(struct tar_reader *t, const char **in, size_t *in_len, const char **data, size_t *data_len)
{
	if (t->left == 0) {
		t->left = t->padding;
		t->state = AT_PADDING;
		return TAR_NEED;
	}
	*data = *in;
	*data_len = take(in, in_len, t->left);
	t->left -= *data_len;
	return t->state == AT_BODY && *data_len > 0 ? TAR_DATA : TAR_NEED;
}

static enum tar_event
at_padding(struct tar_reader *t, const char **in, size_t *in_len)
{
	if (t->close) {
		t->close = 0;
		return TAR_CLOSE;
	}
	t->left -= take(in, in_len, t->left);
	if (t->left == 0)
		t->state = AT_HEADER;
	return TAR_NEED;
}

enum tar_event
tar_reader_next(struct tar_reader *t, const char **in, size_t *in_len, const char **data,
    size_t *data_len, struct err *e)
{
	for (;;) {
		enum tar_event ev = TAR_NEED;
		enum state before = t->state;

		switch (before) {
		case AT_HEADER: ev = at_header(t, in, in_len, e); break;
		case AT_RECORD: ev = at_record(t, in, in_len, e); break;
		case AT_BODY:
		case AT_SKIP: ev = at_body(t, in, in_len, data, data_len); break;
		case AT_PADDING: ev = at_padding(t, in, in_len); break;
		case AT_END: return skip_zeros(t, in, in_len, e);
		case AT_ERROR: return TAR_ERROR;
		}
		if (ev != TAR_NEED || (*in_len == 0 && t->state == before))
			return ev;
	}
}

int
tar_reader_eof(struct tar_reader *t, struct err *e)
{
	const char *why = "the tar stream ends without its end-of-archive: it was cut short";

	if (t->state == AT_END)
		return 0;
	if (t->n_headers == 0 && t->block_len >= 2 && t->block[0] == '\x1f')
		why = no_tar(t);
	return err_set(e, EXIT_FAILED, "%s", why);
}
