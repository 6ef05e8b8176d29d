/*
 * A preload that makes the disk bad for as long as a file exists: BAD_DISK/full refuses every write of SQLite's to a regular file with ENOSPC, BAD_DISK/stalled lets every sync
 * wait until it is gone. BAD_DISK/beside refuses every other write to a regular file, every new file and every new directory, also in git, and not in
 * agents, which have a disk of their own; the file holds the number of the error.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int is_set(const char *what) {
  const char *directory = getenv("BAD_DISK");
  char path[4096];
  if (directory == NULL) return 0;
  snprintf(path, sizeof path, "%s/%s", directory, what);
  return access(path, F_OK) == 0;
}

/* The error that files beside the database meet; 0 while there is none. */
static int beside(void) {
  const char *directory = getenv("BAD_DISK");
  char path[4096];
  int error = 0;
  FILE *sign;
  if (directory == NULL || getenv("HOLDFAST_LAUNCH_ID") != NULL) return 0;
  snprintf(path, sizeof path, "%s/beside", directory);
  sign = fopen(path, "r");
  if (sign == NULL) return 0;
  if (fscanf(sign, "%d", &error) != 1) error = 0;
  fclose(sign);
  return error;
}

static int refused(int error) {
  if (error == 0) return 0;
  errno = error;
  return 1;
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

/* libuv and git write like this; SQLite names the offset. */
ssize_t write(int fd, const void *data, size_t length) {
  if (is_file(fd) && refused(beside())) return -1;
  return ((ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write"))(fd, data, length);
}

ssize_t writev(int fd, const struct iovec *data, int count) {
  if (is_file(fd) && refused(beside())) return -1;
  return ((ssize_t(*)(int, const struct iovec *, int))dlsym(RTLD_NEXT, "writev"))(fd, data, count);
}

static int may_open(const char *path, int flags) {
  return (flags & O_CREAT) == 0 || access(path, F_OK) == 0 || !refused(beside());
}

#define OPEN(name)                                                                     \
  int name(const char *path, int flags, ...) {                                         \
    va_list rest;                                                                      \
    mode_t mode;                                                                       \
    va_start(rest, flags);                                                             \
    mode = (flags & O_CREAT) == 0 ? 0 : va_arg(rest, mode_t);                          \
    va_end(rest);                                                                      \
    if (!may_open(path, flags)) return -1;                                             \
    return ((int (*)(const char *, int, mode_t))dlsym(RTLD_NEXT, #name))(path, flags, mode); \
  }

OPEN(open)
OPEN(open64)

int mkdir(const char *path, mode_t mode) {
  if (access(path, F_OK) != 0 && refused(beside())) return -1;
  return ((int (*)(const char *, mode_t))dlsym(RTLD_NEXT, "mkdir"))(path, mode);
}
