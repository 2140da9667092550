/*
 * What went wrong: filled in by lib/, printed once by the tool.
 *
 * A function that can fail takes a `struct err *` as its last argument, fills it and returns -1.
 * The text names the object and the cause, without program name and without a final full stop or
 * line feed: "s3://b/key: 503 SlowDown after 8 tries". Secrets never enter it.
 */
#ifndef SHEAF_BASE_ERR_H
#define SHEAF_BASE_ERR_H

/* Exit statuses of every program. */
enum {
	EXIT_OK = 0,	   /* all done */
	EXIT_FAILED = 1,   /* something failed; each thing was named on standard error */
	EXIT_USAGE = 2,	   /* usage or configuration; nothing was attempted */
	EXIT_REJECTED = 3, /* done, with some left out (only with --rejects) */
};

struct err {
	int status;	 /* the exit status this failure calls for: EXIT_FAILED or EXIT_USAGE */
	char text[4096]; /* NUL-terminated, cut when longer */
};

/* For functions that handle what is rare and have a struct err of their own: those 4 KiB of stack,
 * which hardened code touches page by page, stay out of the caller's. */
#define ERR_RARE __attribute__((noinline, cold))

/* Fills e and returns -1, so that a caller can say `return err_set(...)`. e may be NULL. */
int err_set(struct err *e, int status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same with ": " and strerror(errno) appended; where there is no room, the text is cut, not the
 * cause. errno stays. */
int err_errno(struct err *e, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Out of memory, the one failure that lib/ does not return from. Prints a line and exits with
 * EXIT_FAILED. */
_Noreturn void err_nomem(void);

#endif
