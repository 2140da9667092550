/* The system calls that sandbox.h denies, as a seccomp filter. Internal to sandbox.c. */
#ifndef SHEAF_BASE_SANDBOX_CALLS_H
#define SHEAF_BASE_SANDBOX_CALLS_H

/* 0: the filter is in effect; -1: the kernel has no seccomp, or the processor is not known here. */
int sandbox_calls_deny(void);

#endif
