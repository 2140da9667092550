/*
 * Memory that all processes of a run share, for credentials that must not be in a file: a memfd,
 * which has no name, is inherited by descriptor and is gone with the last process that has it.
 * SHEAF_CREDENTIALS is the descriptor's number. libexec/enter starts scripts with one
 * (`sheaf-work share-credentials`); programs started by hand have none.
 *
 * Nobody but its owner can open it through /proc. A descriptor that is no such memory (another file
 * of that number, another size, not sealed, not ours) is not used.
 */
#ifndef SHEAF_CREDS_CREDS_MEMORY_H
#define SHEAF_CREDS_CREDS_MEMORY_H

#include <stddef.h>

#include "base/buf.h"

enum {
	CREDS_MEMORY_NAME = 64,	      /* bytes of an entry's name, at most */
	CREDS_MEMORY_MAX = 32 * 1024, /* bytes of an entry's text */
};

/* Makes sure that processes to be started inherit such memory: sets SHEAF_CREDENTIALS, or unsets it
 * where there can be none. */
void creds_memory_share(void);

/* Memory that was inherited, as a descriptor of our own, to be closed; -1: none. */
int creds_memory_open(void);

/* The inherited descriptor, which other programs need not have; -1: none. */
int creds_memory_inherited(void);

/* Appends the text of the entry of that name. 0, or -1 if there is none. */
int creds_memory_read(int fd, const char *name, struct buf *text);

/* Replaces the entry; with a name or a text that is too long it is not kept. */
void creds_memory_write(int fd, const char *name, const char *text, size_t len);

/* Waits at most wait_ms for the lock of that name. 0, or -1 on timeout; closing fd unlocks it. */
int creds_memory_lock(int fd, const char *name, int wait_ms);

#endif
