/*
 * AWS Signature Version 4 for S3 (S3 API reference, "Authenticating Requests: Using the
 * Authorization Header"). Pure: time, keys and scope are arguments. The path is neither normalised
 * nor encoded a second time, which only S3 wants so.
 */
#ifndef SHEAF_AWS_SIGV4_H
#define SHEAF_AWS_SIGV4_H

#include <stddef.h>
#include <time.h>

#include "base/buf.h"
#include "sums/hash.h"

#define SIGV4_EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"

struct sigv4_header {
	const char *name; /* borrowed; any case */
	const char
	    *value; /* borrowed; for signing, runs of spaces fold to one and the ends are trimmed */
};

struct sigv4_request {
	const char *method; /* "GET" */
	const char *path;   /* as sent, percent-encoded, begins with "/" */
	const char *query;  /* as sent, "name=value&..." encoded, "" for none; sorted here */
	const struct sigv4_header *headers; /* all headers to sign, host included; any order */
	size_t n_headers;		    /* at most SIGV4_HEADERS_MAX */
	const char *payload_hash;	    /* lower-case hex SHA-256, or SIGV4_UNSIGNED */
};

enum { SIGV4_HEADERS_MAX = 64 };

/* "20150830T123600Z" of t in UTC, 16 characters and a NUL. */
void sigv4_date(time_t t, char date[17]);

/*
 * A signing key. It depends only on the secret, the day, the region and the service, so a caller
 * keeps it for as long as it fits and the secret is the same; a zeroed struct fits nothing.
 */
struct sigv4_key {
	struct hash inner, outer; /* the HMAC with this key, begun */
	char day[9];		  /* "20150830" */
	char region[64];
	char service[32];
};

/* 1 if k is for that day, region and service. */
int sigv4_key_fits(
    const struct sigv4_key *k, const char date[17], const char *region, const char *service);
void sigv4_key_set(struct sigv4_key *k, const char *secret, const char date[17], const char *region,
    const char *service);

/* The three stages, each appended to out, so that each can be tested with the published vectors. */
void sigv4_canonical_request(struct buf *out, const struct sigv4_request *r);
void sigv4_string_to_sign(struct buf *out, const struct sigv4_key *k, const char date[17],
    const char *canonical_request, size_t len);
void sigv4_signature(
    char hex[65], const struct sigv4_key *k, const char *string_to_sign, size_t len);

/*
 * Appends the value of the Authorization header. The caller has put host, x-amz-date,
 * x-amz-content-sha256 and x-amz-security-token, if there is one, among the headers.
 */
void sigv4_authorization(struct buf *out, const struct sigv4_request *r, const struct sigv4_key *k,
    const char *access_key, const char date[17]);

/* Lower-case hex SHA-256 of the n bytes at p. */
void sigv4_sha256_hex(char hex[65], const void *p, size_t n);

#endif
