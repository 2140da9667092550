/* lib/report/metrics and lib/report/alarm: what a number is, and when an alarm on it fires. */
#include "report/alarm.h"
#include "tap.h"

static struct metrics ms;

/* 1: fires; 0: does not; -1: makes no sense. */
static int
fires(const char *text)
{
	struct alarm a = {.text = text};
	struct err e = {0};

	if (alarm_check(&a, &ms, &e) == -1)
		return e.status == EXIT_USAGE && strstr(e.text, text) != NULL ? -1 : -2;
	return a.fired;
}

static void
test_alarms(void)
{
	static const struct {
		const char *text;
		int fires;
	} cases[] = {
	    {"batches_done>7", 1},
	    {"batches_done>8", 0},
	    {"batches_done>=8", 1},
	    {"batches_done<8", 0},
	    {"batches_done<=8", 1},
	    {"batches_done=8", 1},
	    {"batches_done!=8", 0},
	    {"batches_done!=7", 1},
	    {"  batches_done \t>  7  ", 1},
	    {"batches_done>79.9%", 1},
	    {"batches_done>80%", 0},
	    {"batches_done > 79 %", 1},
	    {"errors>11%", 1},
	    {"errors>12%", 0},
	    {"tls_resumed>=0%", 1},
	    {"tls_resumed>0%", 0},
	    {"bytes_in>2K", 1},
	    {"bytes_in>3K", 0},
	    {"bytes_in<1M", 1},
	    {"bytes_in<0.000001T", 1},
	    {"duration>89m", 1},
	    {"duration>90m", 0},
	    {"duration>=1.5h", 1},
	    {"duration>5399s", 1},
	    {"duration>5399999ms", 1},
	    {"duration<1d", 1},
	    {"duration=.0625d", 1},
	    {"duration=5400.", 1},
	    {"", -1},
	    {">", -1},
	    {"batches_done", -1},
	    {"batches_done>", -1},
	    {"batches_done>.", -1},
	    {"batches_done 7", -1},
	    {"batches_done>7x", -1},
	    {"batches_done>7 8", -1},
	    {"batches_done>7ss", -1},
	    {"batches_done>7seconds", -1},
	    {"batches_done>+7", -1},
	    {"batches_done>inf", -1},
	    {"batches_done>7s", -1},
	    {"batches_done>7K", -1},
	    {"bytes_in>7s", -1},
	    {"bytes_in>7%", -1},
	    {"duration>7K", -1},
	    {"batches_don>7", -1},
	    {"batches_done>1111111111111111111111111111111111", -1},
	    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa>1", -1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		OK(fires(cases[i].text) == cases[i].fires, "'%s'", cases[i].text);
}

static void
test_is(void)
{
	static const char *const cases[][2] = {{"batches_done>1", "8"}, {"batches_done>1%", "80%"},
	    {"duration>1m", "90m"}, {"duration>1ms", "5400000ms"}, {"errors>1%", "11.11%"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct alarm a = {.text = cases[i][0]};

		OK(alarm_check(&a, &ms, NULL) == 0, "'%s'", cases[i][0]);
		OK_STR(a.is, cases[i][1], "is told in its unit");
	}
}

static void
test_cost(const struct history *r)
{
	const struct prices p = PRICES_DEFAULT, dear = {1, 10, 100};
	struct metrics other;
	double cost;

	OK(metrics_find(&ms, "nothing") == NULL, "no such number");
	cost = metrics_find(&ms, "cost")->value;
	OK(cost > 0.00549 && cost < 0.00551, "the price of requests: LIST as PUT, HEAD as GET");
	metrics_make(&other, r, &dear, 0);
	cost = metrics_find(&other, "cost")->value;
	OK(cost > 20.24 && cost < 20.26, "at other prices");
	metrics_make(&other, r, &p, 0);
	OK(other.n == ms.n && other.n <= METRICS_MAX, "always the same numbers");
}

static void
test_duration(struct history *r)
{
	const struct prices p = PRICES_DEFAULT;

	r->state = "running";
	r->started_ms = 1000000;
	metrics_make(&ms, r, &p, 1100000);
	OK(fires("duration=100s") == 1 && fires("idle=100s") == 1,
	    "a run under way goes on until now");
	metrics_make(&ms, r, &p, 900000);
	OK(fires("duration=0") == 1 && fires("idle=0") == 1,
	    "not below 0 when the clock went back");
	r->state = "failed";
	metrics_make(&ms, r, &p, 1100000);
	OK(fires("failed=1") == 1 && fires("duration=90m") == 1, "one that failed has its time");
	r->n_state[HISTORY_FAILED] = 0;
	metrics_make(&ms, r, &p, 1100000);
	OK(fires("failed=1") == 1, "a run that failed without a batch that did is a failure");
	r->state = "killed";
	metrics_make(&ms, r, &p, 1100000);
	OK(fires("failed=1") == 1, "and so is one that was killed");
	r->state = "done";
	metrics_make(&ms, r, &p, 1100000);
	OK(fires("failed=0") == 1, "one that is done is none");
}

int
main(void)
{
	const struct prices p = PRICES_DEFAULT;
	static struct history r = {
	    .state = "done",
	    .n_batches = 10,
	    .counts = {.bytes_in = 2500},
	    .requests_get = 1000,
	    .requests_head = 250,
	    .requests_put = 900,
	    .requests_list = 100,
	    .last_run_start_ms = 1000,
	    .last_run_end_ms = 5401000,
	};

	r.n_state[HISTORY_DONE] = 8;
	r.n_state[HISTORY_FAILED] = 1;
	r.n_state[HISTORY_LEFT] = 1;
	metrics_make(&ms, &r, &p, 0);
	test_alarms();
	test_is();
	r.requests_get = 1000;
	test_cost(&r);
	test_duration(&r);
	return tap_done();
}
