/*
 * The commands of sheaf-work about settings, and about values in files of the work folder.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/num.h"
#include "sheaf-work.h"
#include "work/known_values.h"
#include "work/plan.h"
#include "work/receipt.h"
#include "work/settings.h"
#include "work/settings_file.h"
#include "work/share.h"

int
sheaf_work_usage(struct err *e)
{
	return err_set(e, EXIT_USAGE, "wrong arguments; see sheaf-work --help");
}

/* --- settings --- */

static int
settings_list(int argc, char **argv, struct err *e)
{
	struct buf out = {0};

	(void)argv;
	if (argc != 0)
		return sheaf_work_usage(e);
	settings_describe(&out);
	fputs(buf_str(&out), stdout);
	buf_free(&out);
	return 0;
}

static int
settings_check_given(int argc, char **argv, struct err *e)
{
	for (int i = 0; i < argc; i++)
		if (settings_find(argv[i]) == NULL)
			return sheaf_work_usage(e);
	return settings_check_all(settings_from_environment, NULL, argv, (size_t)argc, log_err) > 0
	    ? EXIT_USAGE
	    : 0;
}

/* The setting of that name, its value from the environment or its default, checked. */
static const struct setting *
checked(const char *name, struct buf *value, struct err *e)
{
	const struct setting *s = settings_find(name);

	if (s == NULL) {
		err_set(e, EXIT_USAGE, "%s: there is no such setting", name);
		return NULL;
	}
	if (settings_check(s, settings_value(s, settings_from_environment, NULL, value), e) == -1)
		return NULL;
	return s;
}

static int
settings_value_of(int argc, char **argv, struct err *e)
{
	struct buf value = {0};
	int rc = 0;

	if (argc != 1)
		return sheaf_work_usage(e);
	if (checked(argv[0], &value, e) == NULL)
		rc = -1;
	else
		puts(buf_str(&value));
	buf_free(&value);
	return rc;
}

static int
share(int argc, char **argv, struct err *e)
{
	struct share s;
	uint64_t n;

	if (argc != 2 || share_parse(&s, argv[0]) == -1 ||
	    num_parse(argv[1], 0, UINT64_MAX, &n) == -1)
		return sheaf_work_usage(e);
	printf("%llu\n", (unsigned long long)share_of(&s, n));
	return 0;
}

static int
settings_words(int argc, char **argv, struct err *e)
{
	struct buf value = {0}, words = {0};
	int rc = -1;

	if (argc != 1)
		return sheaf_work_usage(e);
	if (checked(argv[0], &value, e) != NULL) {
		rc = settings_split(&words, buf_str(&value), e);
		fwrite(words.p != NULL ? words.p : "", 1, words.len, stdout);
	}
	buf_free(&value);
	buf_free(&words);
	return rc;
}

static int
settings_write_file(int argc, char **argv, struct err *e)
{
	struct buf text = {0};
	int rc = argc == 0 ? settings_check_given(0, argv, e) : sheaf_work_usage(e);

	if (rc == 0) {
		settings_file_write(&text, settings_from_environment, NULL);
		fputs(buf_str(&text), stdout);
	}
	buf_free(&text);
	return rc;
}

static int
settings_compare(int argc, char **argv, struct err *e)
{
	struct work_folder w;
	struct values v = {0};
	struct buf names = {0}, told = {0};
	int rc = -1;

	if (argc != 1)
		return sheaf_work_usage(e);
	if (work_folder_open(&w, argv[0], e) == 0)
		rc = known_values_load(&v, &w, "settings", e);
	if (rc == -1) {
		e->status = EXIT_USAGE;
	} else if (settings_file_differ(&names, &told, rc == 1 ? &v : NULL)) {
		fputs(buf_str(&names), stdout);
		rc = err_set(e, EXIT_FAILED, "%s", buf_str(&told));
	}
	work_folder_close(&w);
	values_free(&v);
	buf_free(&names);
	buf_free(&told);
	return rc == -1 ? -1 : 0;
}

/* The totals of keys/complete. */
static int
print_totals(const char *work, char **names, int n, struct err *e)
{
	struct work_folder w;
	struct plan p = {0};
	int rc = work_folder_open(&w, work, e);

	if (rc == 0 && (rc = plan_load(&p, &w, NULL, e)) == 0 && !p.complete)
		rc = err_set(e, EXIT_FAILED, "%s/keys/complete: missing", work);
	for (int i = 0; i < n && rc == 0; i++)
		for (unsigned t = 0; t < PLAN_TOTALS; t++)
			if (strcmp(names[i], plan_total_names[t]) == 0)
				printf("%llu\n", (unsigned long long)p.total[t]);
	plan_free(&p);
	work_folder_close(&w);
	return rc;
}

/* uri and etag of a receipt, which must be whole. */
static int
print_receipt(const char *work, const char *file, char **names, int n, struct err *e)
{
	struct work_folder w;
	struct receipt r = {0};
	int rc = work_folder_open(&w, work, e);

	if (rc == 0 && (rc = receipt_load(&r, &w, file, e)) != -1)
		rc = rc == 1 && r.lacks == NULL
		    ? 0
		    : err_set(e, EXIT_FAILED, "%s/%s: not a receipt", work, file);
	for (int i = 0; i < n && rc == 0; i++)
		puts(strcmp(names[i], "uri") == 0	? r.uri
			: strcmp(names[i], "etag") == 0 ? r.etag
							: "");
	receipt_free(&r);
	work_folder_close(&w);
	return rc;
}

static int
print_values(int argc, char **argv, struct err *e)
{
	struct work_folder w;
	struct values v = {0};
	int rc = -1;

	if (argc < 3)
		return sheaf_work_usage(e);
	if (strcmp(argv[1], "keys/complete") == 0)
		return print_totals(argv[0], argv + 2, argc - 2, e);
	if (strstr(argv[1], ".json") != NULL)
		return print_receipt(argv[0], argv[1], argv + 2, argc - 2, e);
	for (int i = 2; i < argc; i++)
		if (!known_values_has(argv[1], argv[i]))
			return sheaf_work_usage(e);
	if (work_folder_open(&w, argv[0], e) == 0)
		rc = known_values_load(&v, &w, argv[1], e);
	if (rc == 0)
		rc = err_set(e, EXIT_FAILED, "%s/%s: missing", argv[0], argv[1]);
	for (int i = 2; i < argc && rc == 1; i++) {
		const char *value = values_get(&v, argv[i]);

		puts(value != NULL ? value : "");
	}
	work_folder_close(&w);
	values_free(&v);
	return rc == -1 ? -1 : 0;
}

static int
settings_load(int argc, char **argv, struct err *e)
{
	struct work_folder w;
	struct values v = {0};
	int rc = -1;

	if (argc != 1)
		return sheaf_work_usage(e);
	if (work_folder_open(&w, argv[0], e) == 0)
		rc = known_values_load(&v, &w, "settings", e);
	if (rc == 0)
		rc = err_set(e, EXIT_FAILED, "%s/settings: missing", argv[0]);
	for (size_t i = 0; i < v.n && rc == 1; i++)
		if (settings_find(v.at[i].name) != NULL)
			printf("%s=%s\n", v.at[i].name, v.at[i].value);
	work_folder_close(&w);
	values_free(&v);
	return rc == -1 ? -1 : 0;
}

const struct sheaf_work_command sheaf_work_values[] = {
    {"settings-list", settings_list},
    {"settings-check", settings_check_given},
    {"settings-value", settings_value_of},
    {"settings-words", settings_words},
    {"share", share},
    {"settings-write", settings_write_file},
    {"settings-compare", settings_compare},
    {"settings-load", settings_load},
    {"values", print_values},
    {NULL, NULL},
};
