/*
 * Messages for people: lines on standard error, "s3get: s3://b/key: 404 NoSuchKey". Control
 * characters and bytes that are not UTF-8 are printed as \xNN, so that no key can control a
 * terminal. With the environment variable SHEAF_LOG=FILE each line is also appended to FILE
 * (created on first use) as one NDJSON event: time (RFC 3339, UTC, milliseconds), level, program,
 * batch (SHEAF_BATCH, if set), message, uri (if there is one).
 */
#ifndef SHEAF_BASE_LOG_H
#define SHEAF_BASE_LOG_H

#include "base/err.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Call once, at the start. program is borrowed for good. Errors and warnings are printed until
 * log_set_level says otherwise. */
void log_init(const char *program);

/* LOG_ERROR: --quiet; LOG_WARN: the default; LOG_INFO: --verbose; LOG_DEBUG: -vv. */
void log_set_level(enum log_level level);

/* uri may be NULL; it is printed before the message. */
void log_line(enum log_level level, const char *uri, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Logs e's text at LOG_ERROR. */
void log_err(const struct err *e);

/* Closes standard output. EXIT_OK, or EXIT_FAILED after logging that not all of it was written. */
int log_close_stdout(void);

#endif
