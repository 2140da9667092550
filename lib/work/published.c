#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/decompress.h"
#include "archive/tar.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/num.h"
#include "work/batch_name.h"
#include "work/claim.h"
#include "work/keys.h"
#include "work/known_values.h"
#include "work/plan.h"
#include "work/published.h"
#include "work/work_folder.h"

enum { READ_LEN = 65536 };

enum kind {
	UNKNOWN,
	IGNORED, /* a work folder has it, and nobody who verifies needs it */
	VALUES,
	PLAN,
	CLAIM,
	RECEIPT,
	LIST,
};

struct unpacking {
	struct work_folder dir;
	struct tar_reader *tar;
	const char *dest;
	uint64_t objects;
	uint64_t batch; /* the setting; 0 until settings were unpacked */
	uint64_t total, total_max;
	/* the member at hand */
	struct buf name;
	enum kind kind;
	int fd; /* -1: it is ignored, or there is none */
	uint64_t lines, line_len;
};

/* --- names --- */

static const struct {
	const char *folder, *suffix;
	enum kind kind;
} batch_files[] = {
    {"keys", ".tsv", LIST},
    {"keys", ".skipped", IGNORED},
    {"ledger", ".tsv", LIST},
    {"reject", ".tsv", LIST},
    {"reject", ".s3get", IGNORED},
    {"reject", ".csvcat", IGNORED},
    {"put", ".json", RECEIPT},
    {"backup", ".json", RECEIPT},
};

static const struct {
	const char *name;
	enum kind kind;
} single_files[] = {
    {"settings", VALUES},
    {"keys/complete", PLAN},
    {"run.json", CLAIM},
    {"one.json", RECEIPT},
    {"backup/one.json", RECEIPT},
};

/* A file of a batch: folder/N.suffix, or folder/N.suffix.part, which a killed run left. */
static enum kind
kind_in_folder(const char *name)
{
	for (size_t i = 0; i < sizeof(batch_files) / sizeof(batch_files[0]); i++) {
		size_t len = strlen(batch_files[i].folder), digits;
		const char *rest = name + len + 1;
		size_t suffix = strlen(batch_files[i].suffix);
		uint32_t batch;

		if (strncmp(name, batch_files[i].folder, len) != 0 || name[len] != '/')
			continue;
		digits = strspn(rest, "0123456789");
		if (batch_name_parse(rest, digits, &batch) == -1 ||
		    strncmp(rest + digits, batch_files[i].suffix, suffix) != 0)
			continue;
		if (rest[digits + suffix] == '\0')
			return batch_files[i].kind;
		if (strcmp(rest + digits + suffix, ".part") == 0)
			return IGNORED;
	}
	return UNKNOWN;
}

static enum kind
kind_of(const char *name)
{
	for (size_t i = 0; i < sizeof(single_files) / sizeof(single_files[0]); i++)
		if (strcmp(single_files[i].name, name) == 0)
			return single_files[i].kind;
	return kind_in_folder(name);
}

/* --- a member --- */

static uint64_t
most_of(const struct unpacking *u)
{
	switch (u->kind) {
	case VALUES: return VALUES_FILE_MAX;
	case PLAN: return VALUES_FILE_MAX + PLAN_LINE_MAX * u->objects;
	case CLAIM: return CLAIM_MAX;
	case RECEIPT: return PUBLISHED_RECEIPT_MAX;
	case LIST: return u->batch * PUBLISHED_LINE_MAX;
	default: return UINT64_MAX;
	}
}

static int
member_error(const struct unpacking *u, const char *what, struct err *e)
{
	return err_set(
	    e, EXIT_FAILED, "the archive holds %.*s, which %s", (int)u->name.len, u->name.p, what);
}

static int
create(struct unpacking *u, struct err *e)
{
	u->fd = openat(u->dir.fd, buf_str(&u->name),
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (u->fd == -1 && errno == EEXIST)
		return member_error(u, "comes twice", e);
	return u->fd == -1 ? err_errno(e, EXIT_FAILED, "%s/%s", u->dir.path, u->name.p) : 0;
}

static int
begin_member(struct unpacking *u, struct err *e)
{
	const char *name;
	uint64_t size = tar_entry_size(u->tar);
	size_t len;

	name = tar_entry_name(u->tar, &len);
	buf_reset(&u->name);
	buf_add(&u->name, name, len);
	u->kind = strlen(buf_str(&u->name)) == len ? kind_of(u->name.p) : UNKNOWN;
	u->lines = u->line_len = 0;
	if (tar_entry_unfit(u->tar) != NULL)
		return member_error(u, "is not a regular file", e);
	if (u->kind == UNKNOWN)
		return member_error(u, "is no file of a work folder", e);
	if (u->kind == IGNORED)
		return 0;
	if (u->kind == LIST && u->batch == 0)
		return member_error(u, "comes before the settings", e);
	if (size > most_of(u))
		return member_error(u, "is too large", e);
	if (u->total_max - u->total < size + PUBLISHED_FILE_COST)
		return member_error(
		    u, "makes it larger than the objects at the destination allow", e);
	u->total += size + PUBLISHED_FILE_COST;
	return create(u, e);
}

static int
check_list(struct unpacking *u, const char *p, size_t n, struct err *e)
{
	if (memchr(p, '\0', n) != NULL)
		return member_error(u, "holds a NUL byte", e);
	for (const char *end = p + n, *lf; p < end; p = lf + 1) {
		if ((lf = memchr(p, '\n', (size_t)(end - p))) == NULL)
			lf = end;
		u->line_len += (uint64_t)(lf - p);
		if (u->line_len > PUBLISHED_LINE_MAX)
			return member_error(u, "has a line that is too long", e);
		if (lf == end)
			break;
		u->line_len = 0;
		if (++u->lines > u->batch)
			return member_error(u, "has more lines than a batch has objects", e);
	}
	return 0;
}

static int
write_member(struct unpacking *u, const char *p, size_t n, struct err *e)
{
	if (u->fd == -1)
		return 0;
	if (u->kind == LIST && check_list(u, p, n, e) == -1)
		return -1;
	return io_write_all(u->fd, p, n) == -1
	    ? err_errno(e, EXIT_FAILED, "%s/%s", u->dir.path, buf_str(&u->name))
	    : 0;
}

/* The settings say how large the rest may be. */
static int
take_settings(struct unpacking *u, struct err *e)
{
	struct values v;
	const char *batch, *dest;
	uint64_t per_object;
	int rc = known_values_load(&v, &u->dir, "settings", e);

	batch = values_get(&v, "BATCH");
	dest = values_get(&v, "DEST");
	if (rc == 1 && (dest == NULL || strcmp(dest, u->dest) != 0))
		rc = err_set(e, EXIT_FAILED, "the archive is of another destination, DEST=%s",
		    dest != NULL ? dest : "");
	if (rc == 1 && (batch == NULL || num_parse(batch, 1, UINT32_MAX, &u->batch) == -1))
		rc = err_set(e, EXIT_FAILED, "the settings in the archive have no BATCH");
	values_free(&v);
	if (rc != 1)
		return -1;
	per_object = u->batch * PUBLISHED_LINE_MAX + 2 * (uint64_t)PUBLISHED_RECEIPT_MAX;
	u->total_max += (u->objects + 1) * per_object;
	return 0;
}

static int
end_member(struct unpacking *u, struct err *e)
{
	if (u->fd == -1)
		return 0;
	if (close(u->fd) == -1) {
		u->fd = -1;
		return err_errno(e, EXIT_FAILED, "%s/%s", u->dir.path, buf_str(&u->name));
	}
	u->fd = -1;
	if (strcmp(buf_str(&u->name), "settings") == 0)
		return take_settings(u, e);
	return 0;
}

/* --- the stream --- */

/* decompress_take */
static int
take(void *arg, const char *p, size_t n, struct err *e)
{
	struct unpacking *u = arg;
	enum tar_event ev;
	const char *data;
	size_t len;
	int rc = 0;

	while (rc == 0 && (ev = tar_reader_next(u->tar, &p, &n, &data, &len, e)) != TAR_NEED) {
		switch (ev) {
		case TAR_ENTRY: rc = begin_member(u, e); break;
		case TAR_DATA: rc = write_member(u, data, len, e); break;
		case TAR_CLOSE: rc = end_member(u, e); break;
		case TAR_ERROR: rc = -1; break;
		default: break;
		}
	}
	return rc;
}

static int
read_archive(struct unpacking *u, int fd, struct err *e)
{
	struct decompress *d = decompress_new(take, u, PUBLISHED_RATIO);
	char in[READ_LEN];
	ssize_t n = 0;
	int rc = 0;

	decompress_begin(d);
	while (rc == 0 && (n = io_read(fd, in, sizeof(in))) > 0)
		rc = decompress_data(d, in, (size_t)n, e);
	if (n == -1)
		rc = err_errno(e, EXIT_FAILED, "the archive");
	if (rc == 0)
		rc = decompress_end(d, e);
	if (rc == 0)
		rc = tar_reader_eof(u->tar, e);
	if (rc == DECOMPRESS_BAD)
		err_set(e, EXIT_FAILED,
		    "the archive is damaged or cut short, or expands to more than %d times its "
		    "size",
		    PUBLISHED_RATIO);
	decompress_free(d);
	return rc == 0 ? 0 : -1;
}

static int
make_folders(struct unpacking *u, const char *dir, struct err *e)
{
	static const char *const folders[] = {"keys", "ledger", "reject", "put", "backup"};

	if (mkdir(dir, 0700) == -1)
		return err_errno(e, EXIT_FAILED, "%s", dir);
	if (work_folder_open(&u->dir, dir, e) == -1)
		return -1;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (mkdirat(u->dir.fd, folders[i], 0700) == -1)
			return err_errno(e, EXIT_FAILED, "%s/%s", dir, folders[i]);
	return 0;
}

static int
check_whole(struct unpacking *u, struct err *e)
{
	struct plan p;
	int rc;

	if (u->batch == 0)
		return err_set(e, EXIT_FAILED, "the archive has no settings");
	rc = plan_load(&p, &u->dir, NULL, e);
	if (rc == 0 && !p.complete)
		rc = err_set(e, EXIT_FAILED, "the archive has no keys/complete");
	plan_free(&p);
	return rc;
}

int
published_unpack(int fd, const char *dir, const char *dest, uint64_t objects, struct err *e)
{
	struct unpacking u = {
	    .dir.fd = -1, .fd = -1, .dest = dest, .objects = objects, .total_max = 1 << 20};
	int rc = make_folders(&u, dir, e);

	if (objects > 1000000) /* so that the product stays in range */
		u.objects = 1000000;
	if (rc == 0) {
		u.tar = tar_reader_new();
		rc = read_archive(&u, fd, e);
	}
	if (rc == 0)
		rc = check_whole(&u, e);
	if (u.fd != -1)
		close(u.fd);
	tar_reader_free(u.tar);
	work_folder_close(&u.dir);
	buf_free(&u.name);
	return rc;
}

int
published_objects(const char *list, const char *dest, uint64_t *count, struct err *e)
{
	struct keys_line l;
	struct tsv t;
	uint32_t n;
	int rc = tsv_open(&t, NULL, list, e);

	*count = 0;
	while (rc == 0 && (rc = keys_next(&t, &l, e)) == 1) {
		*count += batch_name_object_parse(l.uri, dest, &n) == 0;
		rc = 0;
	}
	tsv_close(&t);
	return rc;
}
