/*
 * Temporary files that become a result when they are renamed. One that is being written is locked,
 * so that no other process writes it or takes it for the rest of a killed run, and a signal that
 * ends the program removes it first. Only SIGKILL leaves one behind; the next part_open of that
 * name replaces it.
 */
#ifndef SHEAF_BASE_PART_H
#define SHEAF_BASE_PART_H

#include <sys/types.h>

/*
 * Creates the file of that name in the folder dir (AT_FDCWD, or a descriptor), open for writing. It
 * is always new, so that no link is followed and nobody has it open. name is borrowed, and dir must
 * stay open, until part_rename or part_remove. -1 with errno: EWOULDBLOCK if another process is
 * writing it.
 */
int part_open(int dir, const char *name, mode_t mode);

/* Renames the file, which fd has open still, within its folder. -1 with errno, ESTALE if the name
 * leads to another file now; then it is still there, for part_remove. */
int part_rename(int fd, int dir, const char *name, const char *to);

/* Removes the file, unless its name leads to another one by now. fd is what part_open returned,
 * still open. */
void part_remove(int fd, int dir, const char *name);

/* Only the removal by a signal, of a file whose name no other process uses. dir and name are
 * borrowed until part_forget(name). */
void part_note(int dir, const char *name);
void part_forget(const char *name);

/* The end of the program by a signal, for handlers of that signal: removes all files that are being
 * written. The program ends when the handler has returned. */
void part_end_by(int sig);

#endif
