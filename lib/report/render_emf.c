#include <string.h>

#include "report/render_json.h"

/* CloudWatch's names of our units. */
static const char *
unit_of(const struct metric *m)
{
	static const char *const units[][2] = {{"", "Count"}, {"bytes", "Bytes"},
	    {"seconds", "Seconds"}, {"per_second", "Count/Second"}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(m->unit, units[i][0]) == 0)
			return units[i][1];
	return "None";
}

void
render_emf(struct buf *out, const struct report *p)
{
	const char *dest = history_setting(p->run, "DEST");

	buf_addf(out,
	    "{\"_aws\":{\"Timestamp\":%lld,\"CloudWatchMetrics\":[{"
	    "\"Namespace\":\"sheaf\",\"Dimensions\":[[\"Destination\"]],\"Metrics\":[",
	    (long long)p->now_ms);
	for (size_t i = 0; i < p->metrics->n; i++) {
		buf_addc(out, '{');
		json_text_member(out, "Name", p->metrics->m[i].name);
		json_text_member(out, "Unit", unit_of(&p->metrics->m[i]));
		json_end(out, "}");
	}
	buf_adds(out, "{\"Name\":\"alarms\",\"Unit\":\"Count\"}]}]},");
	/* a dimension's value must not be empty, nor longer than 1,024 characters */
	json_text_member(out, "Destination",
	    dest != NULL && *dest != '\0' && strlen(dest) <= 1024 ? dest : "unknown");
	json_text_member(out, "state", p->run->state);
	for (size_t i = 0; i < p->metrics->n; i++)
		json_number_member(out, p->metrics->m[i].name, p->metrics->m[i].value);
	json_number_member(out, "alarms", (double)render_fired(p));
	buf_adds(out, "\"fired\":[");
	for (size_t i = 0; i < p->n_alarms; i++)
		if (p->alarms[i].fired)
			json_text(out, p->alarms[i].text);
	json_end(out, "]");
	json_end(out, "}");
	out->len--;
	buf_addc(out, '\n');
}
