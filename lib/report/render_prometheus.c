#include <string.h>

#include "base/printable.h"
#include "report/render.h"

/* A label; \ and " in its value are escaped, and control characters made visible. */
static void
add_label(struct buf *out, const char *name, const char *value)
{
	struct buf shown = {0};

	printable_add(&shown, value, strlen(value));
	buf_addf(out, "%s=\"", name);
	for (size_t i = 0; i < shown.len; i++) {
		if (shown.p[i] == '\\' || shown.p[i] == '"')
			buf_addc(out, '\\');
		buf_addc(out, shown.p[i]);
	}
	buf_addc(out, '"');
	buf_free(&shown);
}

/* The name ends in the base unit, as Prometheus's naming practices ask. */
static void
add_name(struct buf *out, const struct metric *m)
{
	buf_addf(out, "sheaf_%s", m->name);
	if (strcmp(m->unit, "timestamp") == 0)
		buf_adds(out, "_timestamp_seconds");
	else if (strcmp(m->unit, "per_second") != 0 && *m->unit != '\0' &&
	    strncmp(m->name, "bytes", 5) != 0)
		buf_addf(out, "_%s", m->unit);
}

/* All are gauges, because the numbers of a work folder may fall. */
static void
add_family(struct buf *out, const char *name, const char *help)
{
	buf_addf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

void
render_prometheus(struct buf *out, const struct report *p)
{
	static const char *const states[] = {
	    "none", "running", "done", "failed", "interrupted", "killed", "unknown"};
	const char *dest = history_setting(p->run, "DEST");
	struct buf name = {0};

	if (dest == NULL)
		dest = "";
	for (size_t i = 0; i < p->metrics->n; i++) {
		const struct metric *m = &p->metrics->m[i];

		buf_reset(&name);
		add_name(&name, m);
		add_family(out, buf_str(&name), m->help);
		buf_addf(out, "%s{", name.p);
		add_label(out, "dest", dest);
		buf_adds(out, "} ");
		render_number(out, m->value);
		buf_addc(out, '\n');
	}
	buf_free(&name);
	add_family(out, "sheaf_state", "1 for the state that the run is in");
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		buf_adds(out, "sheaf_state{");
		add_label(out, "dest", dest);
		buf_addf(
		    out, ",state=\"%s\"} %d\n", states[i], strcmp(states[i], p->run->state) == 0);
	}
	if (p->n_alarms > 0)
		add_family(out, "sheaf_alarm", "1 where an alarm of the report fires");
	for (size_t i = 0; i < p->n_alarms; i++) {
		buf_adds(out, "sheaf_alarm{");
		add_label(out, "alarm", p->alarms[i].text);
		buf_addc(out, ',');
		add_label(out, "dest", dest);
		buf_addf(out, "} %d\n", p->alarms[i].fired != 0);
	}
}
