/*
 * The one table of all settings of the pipeline: what each may be, its default, and whether it
 * shapes the merged bytes. Checks, the settings file of a work folder, help, documentation and
 * completion come from it. A setting's value comes from make's command line or the environment.
 */
#ifndef SHEAF_WORK_SETTINGS_H
#define SHEAF_WORK_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "work/values.h"

enum settings_type {
	SETTINGS_PREFIX, /* s3://bucket/... */
	SETTINGS_FOLDER, /* the name of a folder */
	SETTINGS_NUMBER, /* from min to max */
	SETTINGS_SWITCH, /* 1, 0 or empty */
	SETTINGS_CHOICE, /* one of a few words */
	SETTINGS_BYTE,	 /* a delimiter: one byte, or \t */
	SETTINGS_WORDS,	 /* words separated by blanks */
	SETTINGS_FLAGS,	 /* options of a program, split as settings_split does */
	SETTINGS_TEXT,	 /* any text of one line */
	SETTINGS_PRICE,	 /* dollars */
	SETTINGS_SHARE,	 /* a number of objects, or a percentage of them */
	SETTINGS_BATCH,	 /* a batch's number or name, or "listing" */
	SETTINGS_TYPES,
};

enum settings_side { SETTINGS_NO_SIDE, SETTINGS_SRC, SETTINGS_DEST, SETTINGS_BACKUP };

struct setting {
	const char *name;
	const char *variable; /* of the environment, where that has another name; NULL: name */
	enum settings_type type;
	uint64_t min, max;	 /* of a number */
	const char *choices;	 /* "error|pad" */
	const char *initial;	 /* the default; "": none */
	enum settings_side side; /* which side of the transfer it is about */
	int shapes;		 /* it shapes the merged bytes, so it belongs to the work folder */
	const char *help;	 /* one line */
};

extern const struct setting settings_table[];
extern const size_t settings_count;

/* "prefix", "number", ...; "src", "dest", "backup" or "-". */
const char *settings_type_name(enum settings_type t);
const char *settings_side_name(enum settings_side s);

/* The table as TSV: name, type, default, side, whether it shapes the bytes, range or choices, help;
 * - is none. */
void settings_describe(struct buf *out);

/* NULL where there is no such setting. */
const struct setting *settings_find(const char *name);

/* Where a setting's value comes from; NULL or "": it is not given. */
typedef const char *settings_get(void *arg, const struct setting *s);

/* From the environment. arg is not used. */
const char *settings_from_environment(void *arg, const struct setting *s);

/* From a settings file: arg is a struct values. */
const char *settings_from_values(void *arg, const struct setting *s);

/* The value as the pipeline uses it: the default where none is given; a prefix ends in a slash
 * where names are put behind it. Valid until out changes. */
const char *settings_value(const struct setting *s, settings_get *get, void *arg, struct buf *out);

/* 0, or -1 with EXIT_USAGE and a text that names the setting, the cause and the remedy. "" is fine
 * where a setting need not be given. */
int settings_check(const struct setting *s, const char *value, struct err *e);

/* Checks all of them, and that those named are given. Tells, of each that is wrong, why. How many
 * are. */
size_t settings_check_all(settings_get *get, void *arg, char *const *needed, size_t n,
    void (*tell)(const struct err *why));

/* What must hold between SRC, DEST and BACKUP, where they are given: no output of the merge may be
 * listed by SRC. */
int settings_check_places(settings_get *get, void *arg, struct err *e);

/* Splits s at blanks. Quotes, " or ', keep blanks in a word and are dropped; nothing is expanded,
 * and a backslash is a byte like any other. Appends each word with a NUL behind it. 0, or -1 where
 * a quote is not closed; e is filled without the setting's name. */
int settings_split(struct buf *out, const char *s, struct err *e);

#endif
