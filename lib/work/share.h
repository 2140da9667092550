/*
 * How many of a number of things: "5", or a percentage of them, "0.5%".
 */
#ifndef SHEAF_WORK_SHARE_H
#define SHEAF_WORK_SHARE_H

#include <stdint.h>

struct share {
	uint64_t count;
	uint64_t percent_e4; /* in units of 0.0001 % */
	int is_percentage;
};

/* A number, or a number from 0 to 100 with at most four decimals and a % behind it. 0, or -1. */
int share_parse(struct share *s, const char *text);

/* That many of n: of a percentage the whole part, but at least 1 unless it is 0 %. */
uint64_t share_of(const struct share *s, uint64_t n);

#endif
