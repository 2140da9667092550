#include <string.h>

#include "req.h"

static const struct {
	const char *name;
	void (*run)(struct req *r);
} ops[OP_N] = {
    [OP_UNKNOWN] = {"unknown", NULL},
    [OP_ADMIN] = {"admin", op_admin},
    [OP_LIST_BUCKETS] = {"list-buckets", op_list_buckets},
    [OP_BUCKET_CREATE] = {"bucket-create", op_bucket},
    [OP_BUCKET_DELETE] = {"bucket-delete", op_bucket},
    [OP_BUCKET_HEAD] = {"bucket-head", op_bucket},
    [OP_LOCATION] = {"location", op_bucket},
    [OP_LIST_V1] = {"list", op_list},
    [OP_LIST_V2] = {"list", op_list},
    [OP_LIST_UPLOADS] = {"list-uploads", op_list_uploads},
    [OP_DELETE_MANY] = {"delete-many", op_delete_many},
    [OP_GET] = {"get", op_get},
    [OP_HEAD] = {"head", op_get},
    [OP_PUT] = {"put", op_put},
    [OP_DELETE] = {"delete", op_delete},
    [OP_CREATE] = {"create", op_create},
    [OP_PART] = {"part", op_part},
    [OP_COMPLETE] = {"complete", op_complete},
    [OP_ABORT] = {"abort", op_abort},
    [OP_LIST_PARTS] = {"list-parts", op_list_parts},
};

const char *
op_name(enum op op)
{
	return ops[op].name;
}

static enum op
classify_bucket(const struct req *r)
{
	const struct str *type = req_param(r, "list-type");

	if (strcmp(r->method, "PUT") == 0)
		return OP_BUCKET_CREATE;
	if (strcmp(r->method, "DELETE") == 0)
		return OP_BUCKET_DELETE;
	if (strcmp(r->method, "HEAD") == 0)
		return OP_BUCKET_HEAD;
	if (strcmp(r->method, "POST") == 0)
		return req_param(r, "delete") != NULL ? OP_DELETE_MANY : OP_UNKNOWN;
	if (strcmp(r->method, "GET") != 0)
		return OP_UNKNOWN;
	if (req_param(r, "location") != NULL)
		return OP_LOCATION;
	if (req_param(r, "uploads") != NULL)
		return OP_LIST_UPLOADS;
	return type != NULL && str_eq(*type, "2") ? OP_LIST_V2 : OP_LIST_V1;
}

static enum op
classify_object(const struct req *r)
{
	int upload = req_param(r, "uploadId") != NULL;

	if (strcmp(r->method, "GET") == 0)
		return upload ? OP_LIST_PARTS : OP_GET;
	if (strcmp(r->method, "HEAD") == 0)
		return OP_HEAD;
	if (strcmp(r->method, "PUT") == 0)
		return upload ? OP_PART : OP_PUT;
	if (strcmp(r->method, "DELETE") == 0)
		return upload ? OP_ABORT : OP_DELETE;
	if (strcmp(r->method, "POST") != 0)
		return OP_UNKNOWN;
	return upload ? OP_COMPLETE : req_param(r, "uploads") != NULL ? OP_CREATE : OP_UNKNOWN;
}

/* Sub-resources of a query that are not implemented: acl, tagging, policy, versioning, ... */
static int
unsupported(const struct req *r)
{
	static const char *const names[] = {"acl", "tagging", "policy", "versioning", "versions",
	    "lifecycle", "cors", "website", "encryption", "replication", "logging", "notification",
	    "object-lock", "retention", "legal-hold", "torrent", "select", "restore", "attributes"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (req_param(r, names[i]) != NULL)
			return 1;
	return req_header(r, "x-amz-copy-source") != NULL;
}

enum op
req_classify(const struct req *r)
{
	if (!r->target.vhost && str_eq(r->bucket, "_s3d"))
		return OP_ADMIN;
	if (unsupported(r))
		return OP_UNKNOWN;
	if (r->bucket.len == 0)
		return strcmp(r->method, "GET") == 0 ? OP_LIST_BUCKETS : OP_UNKNOWN;
	return r->key.len == 0 ? classify_bucket(r) : classify_object(r);
}

void
op_run(struct req *r)
{
	if (ops[r->op].run == NULL)
		answer_error(r, "NotImplemented", NULL);
	else if (r->key.len > KEY_MAX && r->op != OP_ADMIN)
		answer_error(r, "KeyTooLongError", NULL);
	else if (!utf8_valid(r->key.p, r->key.len))
		answer_error(r, "InvalidURI", NULL);
	else
		ops[r->op].run(r);
}
