/*
 * What the parts of list_ranges share: list_ranges.c, which knows what answers mean, and
 * list_plan.c, which chooses the next request.
 */
#ifndef SHEAF_S3_LIST_LIST_RANGES_STATE_H
#define SHEAF_S3_LIST_LIST_RANGES_STATE_H

#include "base/buf.h"
#include "s3/list/list_range.h"
#include "s3/list/list_ranges.h"
#include "s3/list/list_split.h"

struct list_ranges {
	struct list_ranges_opt opt;
	size_t prefix_len;
	struct list_range *first; /* its keys are delivered as they arrive */
	struct list_range *dropped;
	struct list_alphabet *alphabet;
	struct buf cut;
	struct buf highest; /* the highest key in any answer */
	int any;	    /* there is one */
	int after_works;    /* the server has honoured start-after */
	int serial;	    /* the server ignores start-after: one range */
	int no_cuts;
	int stopped;	       /* by take */
	char *skip;	       /* keys up to this one are not given; NULL: all are */
	struct err *unordered; /* what shows that the keys are in another order; NULL: nothing */
	unsigned in_flight, blind; /* requests; ranges of which nothing is known yet */
	size_t held;
	size_t page_bytes; /* the largest yet, as held */
	uint64_t useful;   /* answers with keys */
	double page_keys;
	struct list_ranges_count count;
};

#endif
