#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/alarm.h"

struct limit {
	double number;
	const char *unit; /* "", "%", "m", ... */
	double times;	  /* the unit's size, in the unit of the metric */
};

static const char blank[] = " \t";

/* Finds a unit by name, among those that the metric may have. */
static int
find_unit(struct limit *l, const struct metric *m, const char *name)
{
	static const struct {
		const char *unit, *of;
		double times;
	} units[] = {{"ms", "seconds", 0.001}, {"s", "seconds", 1}, {"m", "seconds", 60},
	    {"h", "seconds", 3600}, {"d", "seconds", 86400}, {"K", "bytes", 1024},
	    {"M", "bytes", 1048576}, {"G", "bytes", 1073741824}, {"T", "bytes", 1099511627776}};

	l->unit = "";
	l->times = 1;
	if (*name == '\0')
		return 0;
	if (strcmp(name, "%") == 0) {
		l->unit = "%";
		return m->base < 0 ? -1 : 0;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(name, units[i].unit) == 0 && strcmp(m->unit, units[i].of) == 0) {
			l->unit = units[i].unit;
			l->times = units[i].times;
			return 0;
		}
	}
	return -1;
}

/* Digits with at most one point, and nothing else that strtod would read. *rest is what follows. -1
 * where s does not begin with such a number. */
static int
parse_number(const char *s, double *number, const char **rest)
{
	size_t whole = strspn(s, "0123456789"), part = 0;

	if (s[whole] == '.')
		part = 1 + strspn(s + whole + 1, "0123456789");
	if (whole + part == 0 || (whole == 0 && part == 1) || whole + part > 30)
		return -1;
	*number = strtod(s, NULL);
	*rest = s + whole + part;
	return 0;
}

static int
holds(double value, const char *op, double limit)
{
	switch (op[0]) {
	case '>': return op[1] == '=' ? value >= limit : value > limit;
	case '<': return op[1] == '=' ? value <= limit : value < limit;
	case '=': return !(value < limit || value > limit);
	default: return value < limit || value > limit;
	}
}

static int
bad(const struct alarm *a, struct err *e, const char *why)
{
	return err_set(e, EXIT_USAGE, "alarm '%s': %s", a->text, why);
}

/* Parses the metric and the comparison; *rest is what follows. */
static const struct metric *
parse_left(
    const struct alarm *a, const struct metrics *ms, char op[3], const char **rest, struct err *e)
{
	static const char *const ops[] = {">=", "<=", "!=", ">", "<", "="};
	const char *s = a->text + strspn(a->text, blank);
	size_t len = strcspn(s, "<>=! \t");
	const struct metric *m;
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)(len < sizeof(name) ? len : 0), s);
	s += len;
	s += strspn(s, blank);
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		size_t n = strlen(ops[i]);

		if (strncmp(s, ops[i], n) == 0) {
			memcpy(op, ops[i], n + 1);
			*rest = s + n + strspn(s + n, blank);
			if ((m = metrics_find(ms, name)) == NULL)
				bad(a, e, "the report has no number of that name");
			return m;
		}
	}
	bad(a, e, "not of the form NAME>NUMBER");
	return NULL;
}

int
alarm_check(struct alarm *a, const struct metrics *ms, struct err *e)
{
	const struct metric *m;
	struct limit l;
	const char *s;
	char op[3], unit[8];
	size_t len;

	if ((m = parse_left(a, ms, op, &s, e)) == NULL)
		return -1;
	if (parse_number(s, &l.number, &s) == -1)
		return bad(a, e, "not of the form NAME>NUMBER");
	s += strspn(s, blank);
	len = strcspn(s, blank);
	if (len >= sizeof(unit) || s[len + strspn(s + len, blank)] != '\0')
		return bad(a, e, "unexpected text after the number");
	snprintf(unit, sizeof(unit), "%.*s", (int)len, s);
	if (find_unit(&l, m, unit) == -1)
		return bad(a, e, "that number cannot have this unit");
	a->value = *l.unit == '%' ? metric_percent(m) : m->value / l.times;
	a->fired = holds(a->value, op, l.number);
	snprintf(a->is, sizeof(a->is), a->value < 1000 ? "%.4g%s" : "%.0f%s", a->value, l.unit);
	return 0;
}
