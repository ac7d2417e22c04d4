/* Preloaded into a process: while the file named by SUTRA_FAIL_SYNC exists, nothing can be synced.
   The kernel reports such a failure once and drops what it could not write, so a program that goes
   on as if nothing had happened loses data. */
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fails(void) {
  const char *trigger = getenv("SUTRA_FAIL_SYNC");
  return trigger != NULL && access(trigger, F_OK) == 0;
}

static int sync_or_fail(long call, int file) {
  if (fails()) {
    errno = EIO;
    return -1;
  }
  return (int)syscall(call, file);
}

int fsync(int file) { return sync_or_fail(SYS_fsync, file); }

int fdatasync(int file) { return sync_or_fail(SYS_fdatasync, file); }
