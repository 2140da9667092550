#include <string.h>

#include "render.h"

/* A label's value, with \ " and line feeds escaped. */
static void
add_label(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, "%s=\"", name);
	for (; *value != '\0'; value++) {
		if (*value == '\n') {
			buf_adds(out, "\\n");
			continue;
		}
		if (*value == '\\' || *value == '"')
			buf_addc(out, '\\');
		buf_addc(out, *value);
	}
	buf_addc(out, '"');
}

/* Gauges all, as a run begins anew at 0. Units as the naming practices want them: base units, in
 * the name. */
void
render_prometheus(struct buf *out, const struct report *p)
{
	const char *dest = p->run->dest != NULL ? p->run->dest : "";

	for (size_t i = 0; i < p->metrics->n; i++) {
		const struct metric *m = &p->metrics->m[i];
		int kib = strcmp(m->unit, "kibibytes") == 0;
		const char *unit = kib ? "bytes" : m->unit;
		struct buf name = {0};
		size_t u = strlen(unit), n = strlen(m->name);

		buf_addf(&name, "sheaf_%s", m->name);
		if (u > 0 && strcmp(unit, "per_second") != 0 &&
		    (n < u || strcmp(m->name + n - u, unit) != 0) &&
		    strncmp(m->name, "bytes", 5) != 0)
			buf_addf(&name, "_%s", unit);
		buf_addf(out, "# HELP %s %s\n# TYPE %s gauge\n%s{", buf_str(&name), m->help, name.p,
		    name.p);
		add_label(out, "dest", dest);
		buf_addf(out, "} %.15g\n", m->value * (kib ? 1024 : 1));
		buf_free(&name);
	}
	if (p->n_alarms > 0)
		buf_adds(out,
		    "# HELP sheaf_alarm 1 where an alarm of the report fires\n# TYPE sheaf_alarm "
		    "gauge\n");
	for (size_t i = 0; i < p->n_alarms; i++) {
		buf_adds(out, "sheaf_alarm{");
		add_label(out, "alarm", p->alarms[i].text);
		buf_addc(out, ',');
		add_label(out, "dest", dest);
		buf_addf(out, "} %d\n", p->alarms[i].fired != 0);
	}
}
