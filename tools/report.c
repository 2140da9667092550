/*
 * report: tells what a run did, from its work folder alone, be it finished, failed, interrupted or
 * under way. The exit status is 1 if an alarm fires.
 */
#include <errno.h>
#include <getopt.h>
#include <gnu/libc-version.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/outfile.h"
#include "base/sandbox.h"
#include "base/version.h"
#include "report/alarm.h"
#include "report/history.h"
#include "report/metrics.h"
#include "report/render.h"

enum {
	OPT_FORMAT = 256,
	OPT_ALARM,
	OPT_PRICE_GET,
	OPT_PRICE_PUT,
	OPT_PRICE_LIST,
	OPT_NO_DEFAULT_ALARMS,
	OPT_NO_SANDBOX
};

typedef void render(struct buf *out, const struct report *p);

static const struct {
	const char *name;
	render *render;
} formats[] = {{"text", render_text}, {"json", render_json}, {"html", render_html},
    {"prometheus", render_prometheus}, {"emf", render_emf}};

/* What is worth an alarm on any run. */
static const char *const default_alarms[] = {
    "errors>5%", "failed>0", "missing>0", "throttled>1%", "duration>90m"};

enum { ALARMS_MAX = 64, DEFAULT_ALARMS = sizeof(default_alarms) / sizeof(default_alarms[0]) };

static struct {
	render *render;
	const char *output, *work;
	int no_sandbox;
	struct alarm alarms[ALARMS_MAX];
	size_t n_alarms;
	int no_defaults;
	struct prices prices;
} opt = {.render = render_text, .work = "work", .prices = PRICES_DEFAULT};

static const char help[] =
    "usage: report [--format text|json|html|prometheus|emf] [--alarm EXPR]... [-o FILE] [WORK]\n"
    "\n"
    "Reports what a run did, from its work folder (default: work).\n"
    "\n"
    "      --format F           text (the default), json, html, prometheus or emf\n"
    "      --alarm EXPR         exit with 1 if NAME>NUMBER holds, as in 'errors>5%' or\n"
    "                           'duration>90m'; repeatable; added to the default alarms\n"
    "                           errors>5% failed>0 missing>0 throttled>1%\n"
    "                           duration>90m\n"
    "      --no-default-alarms  drop the default alarms\n"
    "      --price-get D        dollars per 1,000 GET requests (0.0004); likewise --price-put,\n"
    "                           --price-list (0.005)\n"
    "  -o, --output FILE        write to FILE, which appears complete or not at all\n"
    "      --no-sandbox         keep rights that are not needed (see report(1))\n"
    "  -q, --quiet              no alarms and problems on standard error\n"
    "  -h, --help               show this help\n"
    "  -V, --version            show the version\n"
    "\n"
    "Alarms may use any number that --format json has under metrics.\n";

static int
parse_format(const char *arg, struct err *e)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(arg, formats[i].name) == 0) {
			opt.render = formats[i].render;
			return 0;
		}
	}
	return err_set(e, EXIT_USAGE, "--format %s: not text, json, html, prometheus or emf", arg);
}

static int
parse_price(const char *arg, double *price, struct err *e)
{
	char *end;

	if (strspn(arg, "0123456789.") == 0 || (*price = strtod(arg, &end), *end != '\0'))
		return err_set(e, EXIT_USAGE, "price '%s': not a number of dollars", arg);
	return 0;
}

/* Adds an alarm, unless it is there already. */
static int
add_alarm(const char *text, struct err *e)
{
	for (size_t i = 0; i < opt.n_alarms; i++)
		if (strcmp(opt.alarms[i].text, text) == 0)
			return 0;
	if (opt.n_alarms == ALARMS_MAX)
		return err_set(e, EXIT_USAGE, "more than %d alarms", ALARMS_MAX);
	opt.alarms[opt.n_alarms++].text = text;
	return 0;
}

/* With the libraries that are linked in, which updates of the system do not reach. */
static void
print_version(void)
{
	printf("report (sheaf) " SHEAF_VERSION "\njansson %s, glibc %s\n", jansson_version_str(),
	    gnu_get_libc_version());
}

/* -1: e is filled; 0: go on; 1: help or version was printed. */
static int
options(int argc, char **argv, struct err *e)
{
	static const struct option longs[] = {
	    {"format", required_argument, NULL, OPT_FORMAT},
	    {"alarm", required_argument, NULL, OPT_ALARM},
	    {"no-default-alarms", no_argument, NULL, OPT_NO_DEFAULT_ALARMS},
	    {"price-get", required_argument, NULL, OPT_PRICE_GET},
	    {"price-put", required_argument, NULL, OPT_PRICE_PUT},
	    {"price-list", required_argument, NULL, OPT_PRICE_LIST},
	    {"no-sandbox", no_argument, NULL, OPT_NO_SANDBOX},
	    {"output", required_argument, NULL, 'o'},
	    {"quiet", no_argument, NULL, 'q'},
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'},
	    {0},
	};
	int c, rc = 0;

	while (rc == 0 && (c = getopt_long(argc, argv, "o:qhV", longs, NULL)) != -1) {
		switch (c) {
		case OPT_FORMAT: rc = parse_format(optarg, e); break;
		case OPT_ALARM: rc = add_alarm(optarg, e); break;
		case OPT_NO_DEFAULT_ALARMS: opt.no_defaults = 1; break;
		case OPT_PRICE_GET: rc = parse_price(optarg, &opt.prices.get, e); break;
		case OPT_PRICE_PUT: rc = parse_price(optarg, &opt.prices.put, e); break;
		case OPT_PRICE_LIST: rc = parse_price(optarg, &opt.prices.list, e); break;
		case OPT_NO_SANDBOX: opt.no_sandbox = 1; break;
		case 'o': opt.output = optarg; break;
		case 'q': log_set_level(LOG_ERROR); break;
		case 'h': fputs(help, stdout); return 1;
		case 'V': print_version(); return 1;
		default: rc = err_set(e, EXIT_USAGE, "see report --help");
		}
	}
	if (rc != 0)
		return rc;
	if (argc - optind > 1)
		return err_set(e, EXIT_USAGE, "more than one work folder; see report --help");
	if (optind < argc)
		opt.work = argv[optind];
	return 0;
}

/* Returns how many fire; -1 with e filled. */
static int
check_alarms(const struct metrics *ms, struct err *e)
{
	int fired = 0;

	for (size_t i = 0; i < DEFAULT_ALARMS && !opt.no_defaults; i++)
		if (add_alarm(default_alarms[i], e) == -1)
			return -1;
	for (size_t i = 0; i < opt.n_alarms; i++) {
		if (alarm_check(&opt.alarms[i], ms, e) == -1)
			return -1;
		fired += opt.alarms[i].fired;
	}
	return fired;
}

static int
write_report(const struct report *p, struct err *e)
{
	struct outfile *o = outfile_open(opt.output, e);
	struct buf out = {0};
	int rc;

	if (o == NULL)
		return -1;
	opt.render(&out, p);
	rc = outfile_write(o, out.p, out.len, e);
	buf_free(&out);
	if (rc == -1) {
		outfile_abort(o);
		return -1;
	}
	return outfile_commit(o, e);
}

/* For those who do not look at the report. */
static void
tell(const struct history *r)
{
	size_t n = r->n_problems < HISTORY_PROBLEMS_MAX ? r->n_problems : HISTORY_PROBLEMS_MAX;

	for (size_t i = 0; i < n && opt.render != render_text; i++)
		log_line(LOG_WARN, NULL, "%s", r->problems[i]);
	for (size_t i = 0; i < opt.n_alarms; i++)
		if (opt.alarms[i].fired)
			log_line(LOG_WARN, NULL, "alarm: %s: it is %s", opt.alarms[i].text,
			    opt.alarms[i].is);
}

/* Before the work folder is read. */
static void
enter_sandbox(void)
{
	struct sandbox *s = sandbox_new();

	sandbox_replace(s, opt.output);
	sandbox_append(s, getenv("SHEAF_LOG"));
	(void)sandbox_enter(s);
	sandbox_free(s);
}

static int
run_report(struct err *e)
{
	struct history *r = history_read(opt.work, e);
	const char *no_colour = getenv("NO_COLOR");
	struct report p = {.run = r, .alarms = opt.alarms};
	struct metrics ms;
	int fired;

	if (r == NULL)
		return e->status;
	p.now_ms = clock_wall_ms();
	p.colour = opt.output == NULL && isatty(STDOUT_FILENO) &&
	    (no_colour == NULL || *no_colour == '\0');
	metrics_make(&ms, r, &opt.prices, p.now_ms);
	p.metrics = &ms;
	fired = check_alarms(&ms, e);
	p.n_alarms = opt.n_alarms;
	if (fired == -1 || write_report(&p, e) == -1) {
		history_free(r);
		return e->status;
	}
	tell(r);
	history_free(r);
	return fired > 0 ? EXIT_FAILED : EXIT_OK;
}

int
main(int argc, char **argv)
{
	struct err e = {0};
	int rc;

	io_guard_stdio();
	log_init("report");
	rc = options(argc, argv, &e);
	if (rc == 1)
		return log_close_stdout();
	if (rc == 0 && !opt.no_sandbox)
		enter_sandbox();
	rc = rc == -1 ? e.status : run_report(&e);
	if (e.text[0] != '\0')
		log_err(&e);
	return rc;
}
