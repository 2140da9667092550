#include <string.h>

#include "aws/xml.h"
#include "base/buf.h"
#include "s3/s3xml_uploads.h"

enum {
	UPLOAD_KEY,
	UPLOAD_ID,
	UPLOAD_STORAGE_CLASS,
	UPLOAD_INITIATED,
	UPLOAD_ALGORITHM,
	UPLOAD_TYPE,
	UPLOAD_INITIATOR,
	UPLOAD_FIELDS
};

enum { END_TRUNCATED, END_KEY, END_ID, END_FIELDS };

struct uploads_reader {
	struct xml_reader r;
	void (*each)(void *arg, const struct s3xml_upload *u);
	void *arg;
	struct buf text[UPLOAD_FIELDS], end[END_FIELDS];
	struct buf *to; /* where the text of the open element goes; NULL: nowhere */
	int in_upload, in_initiator;
};

/* Where the text of the open element goes. */
static struct buf *
upload_field(struct uploads_reader *u, const char *name)
{
	static const char *const names[UPLOAD_INITIATOR] = {
	    "Key", "UploadId", "StorageClass", "Initiated", "ChecksumAlgorithm", "ChecksumType"};
	static const char *const ends[END_FIELDS] = {
	    "IsTruncated", "NextKeyMarker", "NextUploadIdMarker"};

	for (int i = 0; u->r.depth == 2 && i < END_FIELDS; i++)
		if (strcmp(name, ends[i]) == 0)
			return &u->end[i];
	if (!u->in_upload)
		return NULL;
	if (u->r.depth == 4 && u->in_initiator && strcmp(name, "ID") == 0)
		return &u->text[UPLOAD_INITIATOR];
	for (int i = 0; u->r.depth == 3 && i < UPLOAD_INITIATOR; i++)
		if (strcmp(name, names[i]) == 0)
			return &u->text[i];
	return NULL;
}

static void XMLCALL
uploads_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct uploads_reader *u = arg;

	(void)attributes;
	if (!xml_enter(&u->r))
		return;
	if (u->r.depth == 1 && strcmp(name, "ListMultipartUploadsResult") != 0)
		xml_stop(&u->r, "it is no ListMultipartUploadsResult");
	if (u->r.depth == 2) {
		u->in_upload = strcmp(name, "Upload") == 0;
		for (int i = 0; i < UPLOAD_FIELDS; i++)
			buf_reset(&u->text[i]);
	}
	if (u->r.depth == 3)
		u->in_initiator = strcmp(name, "Initiator") == 0;
	if ((u->to = upload_field(u, name)) != NULL)
		buf_reset(u->to);
}

static void XMLCALL
uploads_text(void *arg, const XML_Char *s, int len)
{
	struct uploads_reader *u = arg;

	if (u->to != NULL)
		buf_add(u->to, s, (size_t)len);
}

static void XMLCALL
uploads_end(void *arg, const XML_Char *name)
{
	struct uploads_reader *u = arg;

	(void)name;
	u->to = NULL;
	if (u->r.fault == NULL && u->r.depth == 2 && u->in_upload) {
		const struct s3xml_upload upload = {
		    .key = buf_str(&u->text[UPLOAD_KEY]),
		    .id = buf_str(&u->text[UPLOAD_ID]),
		    .initiator = buf_str(&u->text[UPLOAD_INITIATOR]),
		    .storage_class = buf_str(&u->text[UPLOAD_STORAGE_CLASS]),
		    .initiated = buf_str(&u->text[UPLOAD_INITIATED]),
		    .checksum_algorithm = buf_str(&u->text[UPLOAD_ALGORITHM]),
		    .checksum_type = buf_str(&u->text[UPLOAD_TYPE]),
		};

		u->each(u->arg, &upload);
	}
	u->r.depth--;
}

int
s3xml_uploads(const char *doc, size_t len, void (*each)(void *arg, const struct s3xml_upload *u),
    void *arg, struct s3xml_uploads_end *end, struct err *e)
{
	struct uploads_reader u = {.each = each, .arg = arg};
	int rc;

	s3xml_uploads_end_free(end);
	rc = xml_read(&u.r, doc, len, uploads_start, uploads_end, uploads_text);
	for (int i = 0; i < UPLOAD_FIELDS; i++)
		buf_free(&u.text[i]);
	*end = (struct s3xml_uploads_end){
	    .truncated = strcmp(buf_str(&u.end[END_TRUNCATED]), "true") == 0,
	    .key = u.end[END_KEY],
	    .id = u.end[END_ID]};
	buf_free(&u.end[END_TRUNCATED]);
	if (rc == -1)
		return err_set(e, EXIT_FAILED, "listing of uploads: %s%s",
		    u.r.not_xml ? "broken XML: " : "", u.r.fault);
	return 0;
}

void
s3xml_uploads_end_free(struct s3xml_uploads_end *end)
{
	buf_free(&end->key);
	buf_free(&end->id);
	end->truncated = 0;
}
