/*
 * The environment of whoever started the pipeline. Its scripts run in one made by list
 * (libexec/enter), which marks it with SHEAF_CALLER and keeps every other variable NAME as
 * SHEAF_CALLER_NAME, for programs that are the user's own.
 */
#ifndef SHEAF_BASE_CALLER_ENV_H
#define SHEAF_BASE_CALLER_ENV_H

/* The caller's environment, NULL-terminated; environ itself outside the pipeline. Not to be freed;
 * its strings are environ's. */
char **caller_env(void);

#endif
