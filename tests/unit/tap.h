/* A few lines of TAP for the unit tests: OK(condition, "what must hold"), and `return tap_done();`.
 */
#ifndef SHEAF_TAP_H
#define SHEAF_TAP_H

#include <stdio.h>
#include <string.h>

static int tap_run, tap_failed;

#define OK(cond, ...)                                                                              \
	do {                                                                                       \
		int tap_ok_ = (cond) ? 1 : 0;                                                      \
		tap_run++;                                                                         \
		tap_failed += !tap_ok_;                                                            \
		printf("%sok %d - ", tap_ok_ ? "" : "not ", tap_run);                              \
		printf(__VA_ARGS__);                                                               \
		putchar('\n');                                                                     \
		if (!tap_ok_)                                                                      \
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond);                        \
	} while (0)

#define OK_STR(got, want, ...)                                                                     \
	do {                                                                                       \
		const char *tap_got_ = (got), *tap_want_ = (want);                                 \
		int tap_same_ = strcmp(tap_got_, tap_want_) == 0;                                  \
		OK(tap_same_, __VA_ARGS__);                                                        \
		if (!tap_same_)                                                                    \
			printf("# got:  %s\n# want: %s\n", tap_got_, tap_want_);                   \
	} while (0)

static inline int
tap_done(void)
{
	printf("1..%d\n", tap_run);
	return tap_failed != 0;
}

#endif
