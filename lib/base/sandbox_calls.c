#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/sandbox_calls.h"

#if defined(__x86_64__) && defined(__LP64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#endif

#if !defined(ARCH) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__

int
sandbox_calls_deny(void)
{
	return -1;
}

#else

/* Numbers that are the same on all processors, and may be missing in older headers. */
enum { CLONE3 = 435, FCHMODAT2 = 452, LAST_KNOWN = 462 };

/* clang-format off */
static const uint16_t denied[] = {
	/* the network */
	SYS_socket, SYS_socketpair, SYS_bind, SYS_connect, SYS_listen, SYS_accept, SYS_accept4,
	SYS_sendto, SYS_sendmsg, SYS_sendmmsg,
	/* programs and processes */
	SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev,
	SYS_kcmp, SYS_tkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_pidfd_send_signal,
	SYS_pidfd_open, 438 /* pidfd_getfd */, 440 /* process_madvise */,
#ifdef SYS_fork
	SYS_fork, SYS_vfork,
#endif
	/* users, owners and permissions */
	SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid,
	SYS_setfsuid, SYS_setfsgid, SYS_setgroups, SYS_capset, SYS_fchmodat, FCHMODAT2,
	SYS_fchownat, SYS_setxattr, SYS_lsetxattr, SYS_removexattr, SYS_lremovexattr,
	SYS_truncate, SYS_utimensat,
#ifdef SYS_chmod
	SYS_chmod, SYS_chown, SYS_lchown, SYS_utime, SYS_utimes, SYS_futimesat,
#endif
	/* namespaces and mounts */
	SYS_unshare, SYS_setns, SYS_chroot, SYS_pivot_root, SYS_mount, SYS_umount2,
	428 /* open_tree */, 429 /* move_mount */, 430 /* fsopen */, 431 /* fsconfig */,
	432 /* fsmount */, 433 /* fspick */, 442 /* mount_setattr */,
	/* the less-used parts of the kernel */
	SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, 425 /* io_uring_setup */,
	426 /* io_uring_enter */, 427 /* io_uring_register */, SYS_keyctl, SYS_add_key,
	SYS_request_key, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load,
	SYS_reboot, SYS_swapon, SYS_swapoff, SYS_acct, SYS_quotactl, SYS_syslog, SYS_personality,
	SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime, SYS_sethostname,
	SYS_setdomainname, SYS_name_to_handle_at, SYS_open_by_handle_at, SYS_fanotify_init,
	SYS_fanotify_mark,
#ifdef SYS_iopl
	SYS_iopl, SYS_ioperm, SYS_modify_ldt,
#endif
};
/* clang-format on */

enum { N_DENIED = sizeof(denied) / sizeof(denied[0]), N_OTHERS = 48 };

struct filter {
	struct sock_filter code[2 * N_DENIED + N_OTHERS];
	unsigned short n;
};

static void
emit(struct filter *f, uint16_t code, uint32_t k, uint8_t if_true, uint8_t if_false)
{
	f->code[f->n++] = (struct sock_filter){code, if_true, if_false, k};
}

static void
load(struct filter *f, size_t offset)
{
	emit(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void
ret(struct filter *f, uint32_t action)
{
	emit(f, BPF_RET | BPF_K, action, 0, 0);
}

static void
fail_with(struct filter *f, int error)
{
	ret(f, SECCOMP_RET_ERRNO | (uint32_t)error);
}

/* A call with that number fails unless its argument arg, the low half of it, has just these of the
 * bits in mask; else it is allowed. The number is loaded. */
static void
only_with(struct filter *f, uint32_t number, int arg, uint32_t mask, uint32_t bits)
{
	emit(f, BPF_JMP | BPF_JEQ | BPF_K, number, 0, 5);
	load(f, offsetof(struct seccomp_data, args) + sizeof(uint64_t) * (size_t)arg);
	emit(f, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
	emit(f, BPF_JMP | BPF_JEQ | BPF_K, bits, 0, 1);
	ret(f, SECCOMP_RET_ALLOW);
	fail_with(f, EPERM);
}

static void
make(struct filter *f)
{
	uint32_t own = (uint32_t)getpid();

	/* calls of another processor's numbers, as a 64-bit program can make 32-bit ones */
	load(f, offsetof(struct seccomp_data, arch));
	emit(f, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	fail_with(f, EPERM);
	load(f, offsetof(struct seccomp_data, nr));
	/* calls of later kernels, and x32's: a library then does without */
	emit(f, BPF_JMP | BPF_JGT | BPF_K, LAST_KNOWN, 0, 1);
	fail_with(f, ENOSYS);
	for (size_t i = 0; i < N_DENIED; i++) {
		emit(f, BPF_JMP | BPF_JEQ | BPF_K, denied[i], 0, 1);
		fail_with(f, EPERM);
	}
	/* threads, but no processes. The flags of clone3 are in memory, where a filter cannot look:
	 * the C library then uses clone */
	emit(f, BPF_JMP | BPF_JEQ | BPF_K, CLONE3, 0, 1);
	fail_with(f, ENOSYS);
	only_with(f, SYS_clone, 0, CLONE_THREAD, CLONE_THREAD);
	/* signals to itself, as abort sends one */
	only_with(f, SYS_kill, 0, UINT32_MAX, own);
	only_with(f, SYS_tgkill, 0, UINT32_MAX, own);
	/* keys typed into the terminal */
	emit(f, BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 4);
	load(f, offsetof(struct seccomp_data, args) + sizeof(uint64_t));
	emit(f, BPF_JMP | BPF_JEQ | BPF_K, TIOCSTI, 1, 0);
	emit(f, BPF_JMP | BPF_JEQ | BPF_K, TIOCLINUX, 0, 1);
	fail_with(f, EPERM);
	ret(f, SECCOMP_RET_ALLOW);
}

int
sandbox_calls_deny(void)
{
	struct filter f = {.n = 0};
	struct sock_fprog program;

	make(&f);
	program = (struct sock_fprog){f.n, f.code};
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

#endif
