/*
 * The INI dialect of AWS's config and credentials files, as botocore reads it (Python's
 * configparser, and the nested settings of "AWS SDKs and tools reference guide, Shared config and
 * credentials files"). Pure: text in, strings out.
 *
 *   [profile x]             a section; text after "]" is ignored
 *   # or ; at the start     a comment, also if indented; elsewhere in a line they are text
 *   Key = value             "=" or ":", whichever comes first; keys are case-insensitive
 *   s3 =                    a key without value, followed by lines with deeper indentation:
 *     addressing_style = path     nested settings, each with "="
 *   other = a               a value may continue in lines
 *     b                     with deeper indentation
 *
 * A repeated section or key is an error, as in botocore.
 */
#ifndef SHEAF_AWS_INI_H
#define SHEAF_AWS_INI_H

#include <stddef.h>

#include "base/err.h"

enum {
	INI_LEN_MAX = 1 << 20, /* bytes of a file */
	INI_LINES_MAX = 20000,
};

struct ini;
struct ini_section;

/* Parses the len bytes at text. NULL with e filled, "line 3: ..."; the text never shows a value. */
struct ini *ini_parse(const char *text, size_t len, struct err *e);

/* Wipes the values, which may be secrets. ini_free(NULL) is fine. */
void ini_free(struct ini *ini);

/*
 * The section [name], or [type name] if type is not NULL, as for profiles, services and SSO
 * sessions: any white space between, name in quotes or not. NULL if there is none. Points into ini.
 */
const struct ini_section *ini_section(const struct ini *ini, const char *type, const char *name);

/* The value, its lines joined by line feeds; NULL if there is none. section may be NULL. Points
 * into ini. */
const char *ini_get(const struct ini_section *section, const char *key);

/* The value of a nested setting; NULL when there is none. Points into ini. */
const char *ini_get_nested(const struct ini_section *section, const char *key, const char *name);

#endif
