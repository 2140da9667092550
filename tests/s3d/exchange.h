/*
 * A connection and its current request. http.c receives, send.c answers.
 */
#ifndef S3D_EXCHANGE_H
#define S3D_EXCHANGE_H

#include <microhttpd.h>

#include "req.h"
#include "worker.h"

enum stage { STAGE_NEW, STAGE_BODY, STAGE_READY, STAGE_SLEPT };

struct exchange {
	struct worker *worker;
	struct MHD_Connection *conn;
	unsigned requests; /* on this connection so far */
	int active;	   /* counted as in flight */
	struct buf raw;	   /* the target as sent */
	enum stage stage;
	int expects;	 /* Expect: 100-continue */
	uint64_t length; /* Content-Length */
	int stalled;	 /* FAULT_STALL or FAULT_STALL_BODY has happened */
	uint64_t began_us;
	struct req req;
};

/* Sends x->req.ans, as the request's fault demands. The result is for libmicrohttpd. */
enum MHD_Result send_answer(struct exchange *x);

/* Starts a TLS session so that it can be resumed; counts resumed ones. */
void exchange_started(void *cls, struct MHD_Connection *conn, void **context,
    enum MHD_ConnectionNotificationCode what);
void *exchange_target(void *cls, const char *uri, struct MHD_Connection *conn);
enum MHD_Result exchange_run(void *cls, struct MHD_Connection *conn, const char *url,
    const char *method, const char *version, const char *upload, size_t *upload_size,
    void **context);
void exchange_done(
    void *cls, struct MHD_Connection *conn, void **context, enum MHD_RequestTerminationCode why);

#endif
