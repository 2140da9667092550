/*
 * lib/csv/csv_scan: the AVX2 and the portable code against a scanner that reads byte by byte, on
 * awkward text at every alignment to 64-byte blocks, cut into two pieces at every place, and on
 * random text.
 */
#include <stdlib.h>

#include "csv/csv.h"
#include "tap.h"

enum { TEXT_MAX = 1024 };

/* The marks of a text, by byte. */
struct marked {
	unsigned char what[TEXT_MAX]; /* 'd': a delimiter, 'e': the last byte of a line end */
	uint64_t lines;
	enum csv_state state;
};

static void
scan_simply(struct marked *m, const char *p, size_t n, char delim)
{
	enum csv_state s = CSV_FIELD;

	memset(m, 0, sizeof(*m));
	for (size_t i = 0; i < n; i++) {
		int is_end = p[i] == '\n' || (p[i] == '\r' && (i + 1 == n || p[i + 1] != '\n'));

		m->lines += is_end != 0;
		if (p[i] == '"') {
			s = s == CSV_QUOTED ? CSV_QUOTE : s == CSV_PLAIN ? s : CSV_QUOTED;
		} else if (s != CSV_QUOTED) {
			if (p[i] == delim)
				m->what[i] = 'd';
			else if (is_end)
				m->what[i] = 'e';
			s = p[i] == delim || p[i] == '\n' || p[i] == '\r' ? CSV_FIELD : CSV_PLAIN;
		}
	}
	m->state = s;
}

static int
bit(const uint64_t *words, size_t i)
{
	return (int)(words[i / 64] >> i % 64 & 1);
}

/* The same by csv_scan, in two pieces, the first of cut bytes. */
static void
scan_cut(struct marked *m, const char *p, size_t n, size_t cut, char delim, int fast)
{
	static struct csv_marks marks;
	struct csv_scan s;
	size_t at = 0;

	memset(m, 0, sizeof(*m));
	csv_scan_init(&s, delim);
	s.fast = s.fast && fast;
	while (at < n) {
		size_t len = at < cut ? cut - at : n - at;
		size_t rest = csv_scan_rest(&s, p + at, len);

		if (rest == 1 && at > 0 && m->what[at - 1] == 'e') {
			m->what[at - 1] = 0; /* the CR's line end is its LF's */
			m->what[at] = 'e';
		}
		at += rest;
		len -= rest;
		csv_scan(&s, p + at, len, &marks);
		for (size_t i = 0; i < len || (i % 64 != 0 && len > 0); i++)
			if (bit(marks.delims, i))
				m->what[at + i] = 'd'; /* past the piece it is wrong, and seen */
			else if (bit(marks.ends, i))
				m->what[at + i] = 'e';
		at += len;
	}
	m->lines = s.line - 1;
	m->state = s.state;
}

static int
same(const struct marked *a, const struct marked *b)
{
	return memcmp(a->what, b->what, sizeof(a->what)) == 0 && a->lines == b->lines &&
	    a->state == b->state;
}

/* The number of ways to cut the text in which the results differ. */
static unsigned
differences(const char *p, size_t n, char delim, int every_cut)
{
	static struct marked want, got;
	unsigned bad = 0;

	scan_simply(&want, p, n, delim);
	for (int fast = 0; fast < 2; fast++) {
		for (size_t cut = 0; cut < n; cut += every_cut ? 1 : 1 + (n - 1) / 3) {
			scan_cut(&got, p, n, cut, delim, fast);
			if (!same(&want, &got))
				bad++;
		}
	}
	return bad;
}

static void
every_alignment(void)
{
	static const char *const awkward[] = {"\"a\"\"b,\r\n\"", "\"\"", "\"\"\"\"", "\"\"\"",
	    ",\"\r\n\"\r\n", "\r\n", "\r", "\n\r", "\r\r\n", "a\"b\"c", "\"a\"b\"c,",
	    "\"a\"\r\"b\"", ",,\"\",", "\"", "\"\n", "\"a\",\"b\"\n\"c\",\"d\"\n",
	    "x,\"\"\"\n\"\"\",y\n"};

	for (size_t i = 0; i < sizeof(awkward) / sizeof(awkward[0]); i++) {
		unsigned bad = 0;

		for (size_t before = 0; before <= 130; before++) {
			char text[TEXT_MAX];
			size_t len = strlen(awkward[i]);

			for (int kind = 0; kind < 2; kind++) {
				/* within a field, or after a record that has a quoted one */
				memset(text, 'x', sizeof(text));
				if (before > 1)
					text[before - 1] = ',';
				if (kind == 1 && before > 2)
					text[0] = text[before - 2] = '"';
				memcpy(text + before, awkward[i], len);
				memcpy(text + before + len, "z,\n\"q,\n\"", 8);
				bad += differences(text, before + len + 8, ',', 1);
			}
		}
		OK(bad == 0, "case %zu, at each of 131 places, cut at each byte", i);
	}
}

static void
random_text(void)
{
	static const char alphabet[] = "aa\"\",,\n\r;\0x\xe9";
	static const char delims[] = {',', ';', '\0', '\t', 'a'};
	unsigned bad = 0;

	srand(1);
	for (int round = 0; round < 60000; round++) {
		char text[TEXT_MAX] = {0};
		size_t n = (size_t)rand() % 300;
		/* few or many bytes with a meaning */
		int plain = rand() % 40;

		for (size_t i = 0; i < n; i++)
			text[i] = rand() % (plain + 1) == 0
			    ? alphabet[(size_t)rand() % (sizeof(alphabet) - 1)]
			    : 'b';
		bad += differences(text, n, delims[(size_t)rand() % sizeof(delims)], 0);
	}
	OK(bad == 0, "60,000 random texts: %u differ", bad);
}

int
main(void)
{
	struct csv_scan s;

	csv_scan_init(&s, ',');
	printf("# AVX2: %s\n", s.fast ? "yes" : "no");
	every_alignment();
	random_text();
	OK(csv_lines("a\r\nb\rc\n\"\n\"", 9) == 4, "line ends are counted in quotes too");
	return tap_done();
}
