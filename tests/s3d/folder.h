/*
 * The folder behind a store: one file, s3d.log, to which every change is appended as a record
 * before it is answered, bodies included; opening it replays them. What was answered survives kill
 * -9 of the server (not a crash of the machine: nothing is synced). A record cut short at the end
 * is dropped. The space of overwritten objects is not reclaimed.
 *
 * Appending returns 0, or -1 if the file could not be written; the file then ends where it did
 * before.
 */
#ifndef S3D_FOLDER_H
#define S3D_FOLDER_H

#include "upload.h"

struct folder;

enum folder_record {
	FOLDER_BUCKET = 1,
	FOLDER_BUCKET_GONE,
	FOLDER_PUT,
	FOLDER_DELETE,
	FOLDER_UPLOAD,
	FOLDER_PART,
	FOLDER_COMPLETE,
	FOLDER_ABORT
};

/* Creates dir if there is none, locks the file, replays it into s and sets s->folder. 0 or -1 with
 * a message on standard error. */
int folder_open(struct store *s, const char *dir);
void folder_close(struct folder *f);

int folder_bucket(struct folder *f, enum folder_record type, struct str name);
/* The body's bytes move to the file: mem is freed and off set. The same for folder_part. */
int folder_put(struct folder *f, struct str bucket, struct object *o);
int folder_delete(struct folder *f, struct str bucket, struct str key);
int folder_upload(struct folder *f, const struct upload *u);
int folder_part(struct folder *f, const struct upload *u, struct part *p);
int folder_complete(struct folder *f, const struct complete *c, const struct object *o);
int folder_abort(struct folder *f, struct str bucket, struct str key, struct str id);

int folder_read(const struct folder *f, uint64_t off, char *out, size_t n);

#endif
