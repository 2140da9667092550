/*
 * What a program that needs no network gives up before it reads the first byte from outside, so
 * that a fault in a parser is worth little to whoever wrote the input:
 *
 * - files: nothing can be executed, and files can be made, written, renamed or removed only where
 *   sandbox_... allowed it (Landlock, Linux 5.13 and later). Descriptors that are open already keep
 *   what they may. Reading is not restricted.
 * - system calls: no new sockets, processes, signals to others, namespaces, mounts, changes of
 *   owners or permissions by path, nor the less-used parts of the kernel (seccomp). They fail with
 *   EPERM; the program is not killed, since a library may try one of them for good reasons and do
 *   without.
 *
 * Whatever the kernel lacks is left out without a message. Under valgrind and in builds with a
 * sanitizer, which need such calls themselves, nothing is entered.
 */
#ifndef SHEAF_BASE_SANDBOX_H
#define SHEAF_BASE_SANDBOX_H

enum {
	SANDBOX_FILES = 1, /* Landlock is in effect */
	SANDBOX_CALLS = 2, /* seccomp is in effect */
};

struct sandbox;

struct sandbox *sandbox_new(void);
void sandbox_free(struct sandbox *s);

/* Allows files below a folder to be made, written, renamed and removed. */
void sandbox_folder(struct sandbox *s, const char *folder);

/* Allows a file of that name to be written by outfile_...: because it is made under another name
 * and renamed, that means its folder. NULL and "-" are standard output and need nothing. */
void sandbox_replace(struct sandbox *s, const char *path);

/* Allows that file to be opened for appending, and made if it does not exist. NULL and "" are
 * none. */
void sandbox_append(struct sandbox *s, const char *path);

/* Enters it, for this thread and those that it starts later. Returns what is in effect. */
int sandbox_enter(const struct sandbox *s);

#endif
