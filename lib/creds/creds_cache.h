/*
 * Credentials that others of our processes have asked for already: a file an entry in the user's
 * cache folder, $XDG_CACHE_HOME/sheaf, else ~/.cache/sheaf, which must be ours and nobody else's to
 * read; without such a folder, or for credentials that must not be in a file, in the memory that
 * the processes of a run share (creds_memory.h). A lock for each entry lets one process ask while
 * the others wait, so that fifty that start at once ask once; while the old ones still live, the
 * others use them.
 *
 * Nothing here is ever an error: without a place that can be written, with an entry that is broken
 * or a lock that does not come, credentials are asked for.
 */
#ifndef SHEAF_CREDS_CREDS_CACHE_H
#define SHEAF_CREDS_CREDS_CACHE_H

#include "base/buf.h"
#include "creds/creds_value.h"

enum { CREDS_CACHE_LEFT_S = 300 }; /* an entry is used if it lives this long */

struct creds_cached {
	struct buf
	    key; /* all parameters of the request, by creds_cache_key; creds_cached frees it */
	const char *refused; /* an access key that no longer works; NULL: none. Borrowed */
	int max_age_s;	     /* since the request; 0: until it expires */
	int wait_ms;	     /* for the lock, at most */
	int in_memory;	     /* never in a file; kept also if they do not expire, or soon */
};

/* Adds a part of the key; value may be NULL. */
void creds_cache_key(struct buf *key, const char *name, const char *value);

/* Adds what identifies this boot of this machine, as home folders may be shared by many. */
void creds_cache_machine(struct buf *key);

/* Fills c, including its source, as a creds_source does. */
typedef int creds_asker(struct creds *c, void *arg, struct err *e);

/* Credentials from the cache, else from ask; then those that expire, and with in_memory all, are
 * cached. Returns what ask does. */
int creds_cached(
    struct creds *c, struct creds_cached *rule, creds_asker *ask, void *arg, struct err *e);

/* Waits at most wait_ms for the lock of that name. A descriptor that creds_unlock closes, or -1 on
 * timeout or without a place for locks. */
int creds_lock(const char *name, int wait_ms);
void creds_unlock(int fd);

#endif
