/*
 * The fault script: which requests go wrong, and how. README.md has the language.
 */
#ifndef S3D_FAULTS_H
#define S3D_FAULTS_H

#include <pthread.h>
#include <stdint.h>

#include "base/buf.h"
#include "target.h"

enum fault_action {
	FAULT_NONE,
	FAULT_STATUS,	    /* n status, text code, m retry-after seconds */
	FAULT_RESET,	    /* before anything is sent */
	FAULT_RESET_BODY,   /* after n bytes of the body */
	FAULT_CLOSE,	    /* an orderly end instead of an answer */
	FAULT_LOST,	    /* the request is carried out, the answer is not sent */
	FAULT_SHORT,	    /* n bytes of the body, then an orderly end */
	FAULT_LONG,	    /* n surplus bytes after the body */
	FAULT_STALL,	    /* n ms before the answer */
	FAULT_STALL_BODY,   /* n ms inside the body, after m bytes */
	FAULT_CORRUPT,	    /* one byte of the body changed, the n-th */
	FAULT_GARBAGE,	    /* bytes that are not HTTP */
	FAULT_ERROR_200,    /* status 200 with an <Error> document, text code */
	FAULT_REDIRECT,	    /* n status, text region */
	FAULT_EMPTY_LIST,   /* a listing with nothing in it */
	FAULT_NO_KEYS,	    /* a truncated listing page without keys */
	FAULT_IGNORE_AFTER, /* a listing that ignores start-after and marker */
	FAULT_EXPIRED,	    /* ExpiredToken */
	FAULT_NOT_MODIFIED, /* 304 */
	FAULT_N
};

struct fault {
	enum fault_action action;
	uint64_t n, m;
	char text[64];
};

struct faults;

struct faults *faults_new(void);
void faults_free(struct faults *f);

/* Replaces the rules by those of the script. 0, or -1: the old ones stay, err says why. */
int faults_load(struct faults *f, const char *script, size_t len, struct buf *err);

/* What happens to this request. Counts it. op is op_name()'s. */
struct fault faults_match(struct faults *f, struct str key, const char *method, const char *op);

/* The rules and what they have done so far, as a JSON array. */
void faults_json(struct faults *f, struct buf *out);

#endif
