/*
 * The state of a send schedule, as it lies in the file that processes share: words that change one
 * by one, without a lock. Whoever else may write to the file can fill it with anything, so a word
 * is read up to a limit within which the arithmetic holds.
 */
#ifndef SHEAF_HTTP_PACE_STATE_H
#define SHEAF_HTTP_PACE_STATE_H

#include <stdatomic.h>
#include <stdint.h>

#define PACE_NS_PER_S UINT64_C(1000000000)

/* Answers so far. */
struct pace_count {
	_Atomic uint64_t good; /* not refused */
	_Atomic uint64_t bad;  /* "slow down" */
};

struct pace_state {
	_Atomic uint64_t magic;	      /* as pace_file.h has both */
	_Atomic uint64_t clock;	      /* whose times these are */
	_Atomic uint64_t next_ns;     /* the first send time not given away yet */
	_Atomic uint64_t interval_ps; /* between two sends; 0: not set yet */
	_Atomic uint64_t latency_us;  /* of answers, smoothed; 0: not known */
	_Atomic uint64_t phase;	      /* how the rate is raised (pace_rate.c) */
	_Atomic uint64_t seen_ns;     /* when the last large step shows in the answers */
	_Atomic uint64_t hold_ns;     /* no further step before */
	struct pace_count now;
	_Atomic uint64_t window_ns; /* when the current window began, and when it ends */
	_Atomic uint64_t due_ns;
	struct pace_count window;   /* then */
	_Atomic uint64_t answers;   /* a second, in the last window */
	_Atomic uint64_t goodput;   /* answers not refused, a second, smoothed */
	struct pace_count run;	    /* when the current run of refusals began */
	_Atomic uint64_t limit;	    /* of the server, a second, as the last cut found it */
	_Atomic uint64_t cut_ns;    /* when the rate was last cut */
	_Atomic uint64_t effect_ns; /* when the effect of that is seen; 0: it is */
	_Atomic uint64_t share; /* of refusals that caused a cut on trial, in millionths; 0: none */
	struct pace_count trial;    /* when its trial began */
	_Atomic uint64_t in_vain;   /* cuts in succession that did not help */
	struct pace_count first;    /* when the trial of the first of them began */
	_Atomic uint64_t before_ps; /* the interval before the first of them */
	_Atomic uint64_t noise; /* the share of refusals that cuts do not reduce, in millionths */
};

static inline uint64_t
pace_get(const _Atomic uint64_t *value, uint64_t max)
{
	uint64_t v = atomic_load(value);

	return v < max ? v : max;
}

#endif
