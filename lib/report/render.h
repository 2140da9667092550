/*
 * The formats of the report. Each appends to out; all take their numbers from the same metrics.
 */
#ifndef SHEAF_REPORT_RENDER_H
#define SHEAF_REPORT_RENDER_H

#include "base/buf.h"
#include "report/alarm.h"
#include "report/history.h"
#include "report/metrics.h"

struct report {
	const struct history *run;
	const struct metrics *metrics;
	const struct alarm *alarms; /* those asked for and the default ones, evaluated */
	size_t n_alarms;
	int64_t now_ms; /* Unix time */
	int colour;	/* text: on a terminal */
};

enum { RENDER_VERSION = 1 /* of the JSON, docs/report.schema.json */ };

/* For people: 80 columns, the most important first. */
void render_text(struct buf *out, const struct report *p);

/* docs/report.schema.json. */
void render_json(struct buf *out, const struct report *p);

/* One self-contained page around the same JSON, with the batches as rows of a table. */
void render_html(struct buf *out, const struct report *p);

/* Prometheus text exposition format, for the textfile collector. */
void render_prometheus(struct buf *out, const struct report *p);

/* CloudWatch Embedded Metric Format: one line (CloudWatch user guide, "Specification: Embedded
 * metric format"). */
void render_emf(struct buf *out, const struct report *p);

/* How many alarms fire. */
size_t render_fired(const struct report *p);

/* Writes a number as all formats but the text do. */
void render_number(struct buf *out, double v);

#endif
