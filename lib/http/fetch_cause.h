/* Why an exchange is sent again. The names are those of docs/work-folder.md. */
#ifndef SHEAF_HTTP_FETCH_CAUSE_H
#define SHEAF_HTTP_FETCH_CAUSE_H

enum fetch_cause {
	FETCH_CAUSE_THROTTLED,
	FETCH_CAUSE_SERVER_ERROR,
	FETCH_CAUSE_TIMEOUT,
	FETCH_CAUSE_CONNECT,
	FETCH_CAUSE_RESET,
	FETCH_CAUSE_SHORT_BODY,
	FETCH_CAUSE_CHECKSUM,
	FETCH_CAUSE_OTHER, /* and any name that is not in this list; it stays the last */
	FETCH_CAUSES,
};

/* "throttled", "server_error", ... */
const char *fetch_cause_name(enum fetch_cause c);

#endif
