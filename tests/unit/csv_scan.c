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
	enum csv_fault fault; /* marks end there */
	size_t fault_at;
};

/* Of an unquoted field: has it only blanks up to byte i? */
static int
only_blanks(const char *p, size_t from, size_t i)
{
	for (; from < i; from++)
		if (p[from] != ' ' && p[from] != '\t')
			return 0;
	return 1;
}

static enum csv_state
quote(enum csv_state s, int blanks)
{
	switch (s) {
	case CSV_FIELD:
	case CSV_QUOTE: return CSV_QUOTED;
	case CSV_QUOTED: return CSV_QUOTE;
	case CSV_ODD: return CSV_EVEN;
	case CSV_EVEN: return CSV_ODD;
	default: return blanks ? CSV_ODD : CSV_PLAIN;
	}
}

static void
scan_simply(struct marked *m, const char *p, size_t n, char delim, int cr_is_data)
{
	enum csv_state s = CSV_FIELD;
	size_t field = 0;

	memset(m, 0, sizeof(*m));
	for (size_t i = 0; i < n; i++) {
		int is_lone = p[i] == '\r' && (i + 1 == n || p[i + 1] != '\n');
		int is_end = p[i] == '\n' || (is_lone && !cr_is_data);
		int is_structure = p[i] == delim || is_end || (p[i] == '\r' && !is_lone);
		int is_blank = (p[i] == ' ' || p[i] == '\t') && p[i] != delim;
		int is_behind = s == CSV_QUOTE || s == CSV_BEHIND;

		if ((s == CSV_BEHIND && p[i] == '"') ||
		    (is_behind && !is_structure && !is_blank && p[i] != '"'))
			m->fault = CSV_FAULT_BEHIND;
		else if (s == CSV_ODD && is_structure)
			m->fault = CSV_FAULT_ODD;
		else if (cr_is_data && s != CSV_QUOTED && p[i] == '\r' && !is_lone && i > 0 &&
		    p[i - 1] == '\r')
			m->fault = CSV_FAULT_DOUBLED;
		if (m->fault != CSV_FAULT_NONE) {
			m->fault_at = i;
			return;
		}
		m->lines += is_end != 0;
		if (p[i] == '"') {
			s = quote(s, only_blanks(p, field, i));
		} else if (s != CSV_QUOTED && is_structure) {
			m->what[i] = p[i] == delim ? 'd' : is_end ? 'e' : 0;
			s = CSV_FIELD;
			field = i + 1;
		} else if (is_behind) {
			s = CSV_BEHIND;
		} else if (s == CSV_FIELD) {
			s = CSV_PLAIN;
		}
	}
	m->state = s;
}

static int
bit(const uint64_t *words, size_t i)
{
	return (int)(words[i / 64] >> i % 64 & 1);
}

/* The same by csv_scan, in two pieces, the first of cut bytes, or one more where that would be
 * within a CRLF. */
static void
scan_cut(struct marked *m, const char *p, size_t n, size_t cut, struct csv_scan s)
{
	static struct csv_marks marks;
	size_t at = 0;

	memset(m, 0, sizeof(*m));
	cut += cut > 0 && p[cut - 1] == '\r' && p[cut] == '\n';
	while (at < n) {
		size_t len = at < cut ? cut - at : n - at, most;

		csv_scan(&s, p + at, len, &marks);
		most = s.fault != CSV_FAULT_NONE ? s.fault_at : len;
		for (size_t i = 0; i < most || (i % 64 != 0 && most == len && len > 0); i++)
			if (bit(marks.delims, i))
				m->what[at + i] = 'd'; /* past the piece it is wrong, and seen */
			else if (bit(marks.ends, i))
				m->what[at + i] = 'e';
		if (s.fault != CSV_FAULT_NONE) {
			m->fault = s.fault;
			m->fault_at = at + most;
			return;
		}
		at += len;
	}
	m->lines = s.line - 1;
	m->state = s.state;
}

static int
same(const struct marked *a, const struct marked *b)
{
	return memcmp(a->what, b->what, sizeof(a->what)) == 0 && a->state == b->state &&
	    a->fault == b->fault && a->fault_at == b->fault_at &&
	    (a->fault != CSV_FAULT_NONE || a->lines == b->lines);
}

/* The number of ways to cut the text in which the results differ. */
static unsigned
differences(const char *p, size_t n, char delim, int every_cut)
{
	static struct marked want, got;
	unsigned bad = 0;

	for (int way = 0; way < 4; way++) {
		struct csv_scan s;

		csv_scan_init(&s, delim);
		s.fast = s.fast && (way & 1) != 0;
		s.cr_is_data = way >> 1;
		scan_simply(&want, p, n, delim, s.cr_is_data);
		for (size_t cut = 0; cut < n; cut += every_cut ? 1 : 1 + (n - 1) / 3) {
			scan_cut(&got, p, n, cut, s);
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
	    "x,\"\"\"\n\"\"\",y\n", ", \"a\",", ",  \t\"a\n", " \"a\"\"\"", "\"a\"  ,", "\"a\" b",
	    "\"a\" \"", "\"a\"b\n", "\"a\"\rb", "\n \"a\" \"b\"", ", \"a\"\r\n", "a \"b,",
	    "\r \"a,"};

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
	static const char alphabet[] = "aa\"\",,\n\r;\0x\xe9 \t";
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

/* csv_lines cuts long text into pieces. */
static void
random_text_long(void)
{
	static char text[3 * CSV_PIECE];
	struct csv_scan s;

	for (int cr = 0; cr < 2; cr++) {
		uint64_t lines = 0;

		csv_scan_init(&s, ',');
		s.cr_is_data = cr;
		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = "a\r\n\""[rand() % 4];
		text[CSV_PIECE - 1] = '\r';
		text[CSV_PIECE] = '\n';
		for (size_t i = 0; i < sizeof(text); i++)
			lines += text[i] == '\n' ||
			    (!cr && text[i] == '\r' &&
				(i + 1 == sizeof(text) || text[i + 1] != '\n'));
		OK(csv_lines(&s, text, sizeof(text)) == lines, "lines of a long text");
	}
}

int
main(void)
{
	struct csv_scan s;

	csv_scan_init(&s, ',');
	printf("# AVX2: %s\n", s.fast ? "yes" : "no");
	every_alignment();
	random_text();
	OK(csv_lines(&s, "a\r\nb\rc\n\"\n\"", 9) == 4, "line ends are counted in quotes too");
	s.cr_is_data = 1;
	OK(csv_lines(&s, "a\r\nb\rc\n\"\n\"", 9) == 3, "a CR that is data ends no line");
	random_text_long();
	return tap_done();
}
