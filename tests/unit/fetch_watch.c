/* lib/http/fetch_watch: what is a stall and what is a slow line, at a clock of our own. */
#include <stddef.h>

#include "http/fetch_watch.h"
#include "tap.h"

enum { STALL_MS = 20000, STEP_MS = 250, HOUR_MS = 3600000 };

/* What an exchange does: its answer begins after begin_ms, and then, or until then for a request,
 * len bytes move every every_ms. */
struct line {
	const char *name;
	int64_t begin_ms, every_ms;
	uint64_t len;
	int sending, in_head, slow_answer;
	int64_t given_up_ms; /* 0: never, within an hour */
};

static const struct line lines[] = {
    {"a byte every 2 s", 0, 2000, 1, 0, 0, 0, 30000},
    {"a byte every second", 0, 1000, 1, 0, 0, 0, 30000},
    {"63 bytes in 30 s", 0, 30000 / 7, 9, 0, 0, 0, 30000},
    {"125 bytes a second, as 1,000 share 1 Mbit/s", 100, 1000, 125, 0, 0, 0, 0},
    {"1,448 bytes every 11.6 s, the same in packets", 100, 11600, 1448, 0, 0, 0, 0},
    {"3 bytes a second", 0, 1000, 3, 0, 0, 0, 0},
    {"nothing at all", 0, HOUR_MS, 1, 0, 0, 0, STALL_MS},
    {"nothing until the answer begins", HOUR_MS, HOUR_MS, 1, 0, 0, 0, STALL_MS},
    {"an answer after 19 s", 19000, 500, 100, 0, 0, 0, 0},
    {"a head of 4 bytes a second", 0, 250, 1, 0, 1, 0, 60000},
    {"a request body of a byte a second", HOUR_MS, 1000, 1, 1, 0, 0, 0},
    {"a request body that stops", HOUR_MS, HOUR_MS, 1, 1, 0, 0, STALL_MS},
    {"blanks while S3 completes an upload", 0, 10000, 1, 0, 0, 1, FETCH_WATCH_SLOW_MS},
    {"no blanks any more", 0, 25000, 1, 0, 0, 1, STALL_MS},
};

static void
run(const struct line *l)
{
	const int64_t start = 1000000;
	struct fetch_seen s = {.now_ms = start, .slow_answer = l->slow_answer};
	struct fetch_watch w;
	const char *why = NULL;
	int64_t t = 0, off;

	fetch_watch_begin(&w, &s);
	while (why == NULL && t < HOUR_MS) {
		uint64_t n = (uint64_t)(t / l->every_ms) * l->len;

		s.now_ms = start + t;
		s.began = t >= l->begin_ms;
		s.in_head = !s.began || l->in_head;
		s.sending = l->sending;
		s.in = !l->sending && s.began ? n : 0;
		s.out = l->sending ? n : 300;
		why = fetch_watch_check(&w, &s, STALL_MS);
		t += STEP_MS;
	}
	off = t - STEP_MS - l->given_up_ms;
	OK(l->given_up_ms == 0 ? why == NULL
			       : why != NULL && off >= 0 && off <= (int64_t)3 * STEP_MS,
	    "%s: %s after %lld ms", l->name, why != NULL ? why : "goes on", (long long)t - STEP_MS);
}

int
main(void)
{
	struct fetch_seen s = {.now_ms = 1000, .began = 1};
	struct fetch_watch w;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		run(&lines[i]);
	fetch_watch_begin(&w, &s);
	s.now_ms += 29000;
	s.in++;
	OK(fetch_watch_check(&w, &s, STALL_MS) == NULL, "29 s");
	fetch_watch_begin(&w, &s);
	s.now_ms += 29000;
	s.in++;
	OK(fetch_watch_check(&w, &s, STALL_MS) == NULL, "29 s more, after a pause of the caller");
	fetch_watch_begin(&w, &s);
	s.in += 70;
	s.now_ms += STEP_MS;
	OK(fetch_watch_check(&w, &s, STALL_MS) == NULL, "70 bytes at once");
	for (int i = 0; i < 14; i++, s.in++)
		s.now_ms += 2000;
	OK(fetch_watch_check(&w, &s, STALL_MS) == NULL, "28 s of a byte every 2 s behind them");
	s.in += 2;
	s.now_ms += 2001;
	OK(fetch_watch_check(&w, &s, STALL_MS) != NULL, "and 2 s more");
	return tap_done();
}
