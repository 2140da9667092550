/*
 * A profile in AWS's shared files: where the files are, and what the two together say about it (AWS
 * SDKs and tools reference guide, "Location of the shared config and credentials files").
 */
#ifndef SHEAF_AWS_PROFILE_H
#define SHEAF_AWS_PROFILE_H

#include "aws/ini.h"
#include "base/buf.h"
#include "base/err.h"

struct profile {
	char *name;				  /* owned */
	char *credentials_file;			  /* owned; path; NULL if no home folder is known */
	char *config_file;			  /* likewise */
	struct ini *credentials;		  /* owned; NULL if there is no such file */
	struct ini *config;			  /* likewise */
	const struct ini_section *in_credentials; /* [name]; NULL: none. Points into credentials */
	const struct ini_section *in_config;	  /* [profile name], or [default]; likewise */
};

/*
 * Reads both files, AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE or those in ~/.aws. A missing
 * file is like an empty one. -1 with EXIT_USAGE if one cannot be read or parsed; then nothing needs
 * to be freed.
 */
int profile_load(struct profile *p, const char *name, struct err *e);

/* Wipes what was read. */
void profile_free(struct profile *p);

/* The setting, from the credentials file before the config file; NULL if absent or empty. Points
 * into p. */
const char *profile_get(const struct profile *p, const char *key);
const char *profile_get_nested(const struct profile *p, const char *key, const char *name);

/* Another profile of the same files. It points into p, which must outlive it. */
void profile_view(struct profile *view, const struct profile *p, const char *name);
void profile_view_free(struct profile *view);

/* Appends the files, for messages: "A or B"; or that there are none as no home folder is known. */
void profile_add_files(struct buf *text, const struct profile *p);

/* The user's home folder; NULL if unknown. Static or the environment's. */
const char *profile_home(void);

/* An environment variable; NULL if unset or empty. */
const char *profile_env(const char *name);

#endif
