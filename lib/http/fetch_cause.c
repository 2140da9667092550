#include "http/fetch_cause.h"

const char *
fetch_cause_name(enum fetch_cause c)
{
	static const char *const names[FETCH_CAUSES] = {
	    [FETCH_CAUSE_THROTTLED] = "throttled",
	    [FETCH_CAUSE_SERVER_ERROR] = "server_error",
	    [FETCH_CAUSE_TIMEOUT] = "timeout",
	    [FETCH_CAUSE_CONNECT] = "connect",
	    [FETCH_CAUSE_RESET] = "reset",
	    [FETCH_CAUSE_SHORT_BODY] = "short_body",
	    [FETCH_CAUSE_CHECKSUM] = "checksum",
	    [FETCH_CAUSE_OTHER] = "other",
	};

	return names[c];
}
