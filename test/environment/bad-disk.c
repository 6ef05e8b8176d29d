/*
 * A preload that makes the disk bad for as long as a file exists: BAD_DISK/full refuses every write to a regular file with ENOSPC, BAD_DISK/stalled lets every sync wait until it is
 * gone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static int is_set(const char *what) {
  const char *directory = getenv("BAD_DISK");
  char path[4096];
  if (directory == NULL) return 0;
  snprintf(path, sizeof path, "%s/%s", directory, what);
  return access(path, F_OK) == 0;
}

static int is_file(int fd) {
  struct stat facts;
  return fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
  if (is_file(fd) && is_set("full")) {
    errno = ENOSPC;
    return -1;
  }
  return ((ssize_t(*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64"))(fd, data, length, offset);
}

static void wait_while_stalled(void) {
  struct timespec pause = {0, 20 * 1000 * 1000};
  while (is_set("stalled")) nanosleep(&pause, NULL);
}

int fsync(int fd) {
  wait_while_stalled();
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}

int fdatasync(int fd) {
  wait_while_stalled();
  return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
