/* lib/s3/list/list_check: what a page may hold, and listings that do not end. */
#include <stdio.h>
#include <stdlib.h>

#include "s3/list/list_check.h"
#include "tap.h"

static struct err err;

static const char *
page(const char *prefix, struct s3xml_object o)
{
	const struct s3xml_page p = {.objects = &o, .n_objects = 1};

	return list_check_page(&p, prefix, &err) == 0 ? "good" : err.text;
}

static struct s3xml_object
object(const char *key)
{
	return (struct s3xml_object){key, strlen(key), 1, "e", "2026-01-01T00:00:00Z", ""};
}

static void
test_page(void)
{
	struct s3xml_object o = object("p/a");

	OK_STR(page("p/", o), "good", "a key below the prefix");
	OK_STR(page("p/a", o), "good", "the prefix itself");
	OK_STR(page("", o), "good", "any key without a prefix");
	OK_STR(page("p/b", o), "p/a: listed, but it does not begin with 'p/b'", "another prefix");
	OK_STR(page("p/ab", o), "p/a: listed, but it does not begin with 'p/ab'", "a shorter key");
	o.etag = "";
	o.mtime = "";
	OK_STR(page("p/", o), "good", "fields that are not there");
	o.key_len = 4;
	OK_STR(page("p/", o), "p/a: key with a NUL byte", "a NUL");
	o = object("p/a");
	o.etag = "e\tx";
	OK_STR(page("p/", o), "p/a: listed with an ETag that is not one, 'e\tx'", "an ETag");
	o.etag = "e";
	o.mtime = "2026-01-01";
	OK_STR(page("p/", o), "p/a: listed with a LastModified that is not a time, '2026-01-01'",
	    "a time");
}

/* After how many tokens of a chain that goes round is it known? 0: not within 10,000. */
static unsigned
rounds(unsigned before, unsigned length)
{
	struct list_chain c = {0};
	unsigned n = 0;
	char token[32];
	int rc = 0;

	while (rc == 0 && n < 10000) {
		unsigned at = n < before ? n : before + (n - before) % length;

		snprintf(token, sizeof(token), "token %u", at);
		rc = list_chain_next(&c, token, "p/", &err);
		n++;
	}
	list_chain_free(&c);
	return rc == -1 ? n : 0;
}

static void
test_chain(void)
{
	struct list_chain c = {0};
	unsigned worst = 0;
	int rc = 0;

	OK(rounds(0, 1) == 2, "the same token twice");
	OK(rounds(0, 2) == 4, "A, B, A, B");
	OK(rounds(0, 100000) == 0, "tokens that are all new");
	for (unsigned before = 0; before < 20; before++)
		for (unsigned length = 1; length < 40; length++) {
			unsigned n = rounds(before, length);

			if (n == 0 || n > 3 * (before + length) + 3)
				worst = n != 0 ? n : 10000;
		}
	OK(worst == 0, "every circle is found soon (%u)", worst);
	for (unsigned i = 1; i < LIST_EMPTY_MAX; i++)
		rc |= list_chain_page(&c, 0, "p/", &err);
	OK(rc == 0 && list_chain_page(&c, 0, "p/", &err) == -1,
	    "so many pages without a key, and no more");
	OK(list_chain_page(&c, 1, "p/", &err) == 0 && list_chain_page(&c, 0, "p/", &err) == 0,
	    "a key begins anew");
	list_chain_free(&c);
}

int
main(void)
{
	test_page();
	test_chain();
	return tap_done();
}
