/*
 * A preload that writes down what a program does to the files below TRACE_ROOT, in the order in which it happens: creations, names, writes, sizes and
 * syncs. One lock is held across each call and its record, so that the order in the trace is the order on the disk. Read by trace.ts.
 *
 * Record: u8 op, u64 time (CLOCK_REALTIME, ns, before the call), u64 inode, u64 offset or size, u32 path, u32 other path, u32 data; then these bytes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { CREATE = 1, TRUNCATE, WRITE, SYNC, RENAME, UNLINK, MKDIR, DIRECTORY };

struct __attribute__((packed)) head {
  uint8_t op;
  uint64_t time, inode, offset;
  uint32_t path, other, data;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *root;
static size_t root_length;
static int trace = -1;
/* TRACE_IGNORE_SYNCS: every sync is answered at once and means nothing, as under synchronous=OFF or on a disk that lies. */
static int ignores_syncs;
static uint64_t inodes[65536];

static void *real(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (found == NULL) abort();
  return found;
}
#define REAL(type, name, ...) ((type(*)(__VA_ARGS__))real(name))

__attribute__((constructor)) static void begin(void) {
  const char *file = getenv("TRACE_FILE");
  root = getenv("TRACE_ROOT");
  if (file == NULL || root == NULL) return;
  root_length = strlen(root);
  ignores_syncs = getenv("TRACE_IGNORE_SYNCS") != NULL;
  trace = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  /* Children are other programs: their files are not the server's. */
  unsetenv("LD_PRELOAD");
}

static uint64_t now(void) {
  struct timespec at;
  clock_gettime(CLOCK_REALTIME, &at);
  return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static int is_ours(const char *path) {
  if (trace < 0 || path == NULL || strncmp(path, root, root_length) != 0) return 0;
  size_t length = strlen(path);
  return !(length > 4 && strcmp(path + length - 4, "-shm") == 0);
}

static uint64_t inode_of(int fd) {
  struct stat facts;
  if (fstat(fd, &facts) != 0 || !(S_ISREG(facts.st_mode) || S_ISDIR(facts.st_mode))) return 0;
  return facts.st_ino;
}

/* A descriptor may have been closed by a bare system call and be another thing by now. */
static uint64_t traced(int fd) {
  if (trace < 0 || fd < 0 || fd >= 65536 || inodes[fd] == 0) return 0;
  if (inode_of(fd) != inodes[fd]) inodes[fd] = 0;
  return inodes[fd];
}

static void put(int op, uint64_t time, uint64_t inode, uint64_t offset, const char *path, const char *other,
                const void *data, size_t length) {
  struct head head = {(uint8_t)op, time, inode, offset, path ? (uint32_t)strlen(path) : 0,
                      other ? (uint32_t)strlen(other) : 0, (uint32_t)length};
  struct iovec parts[4] = {{&head, sizeof head}, {(void *)path, head.path}, {(void *)other, head.other}, {(void *)data, length}};
  size_t total = sizeof head + head.path + head.other + length;
  /* A trace that misses something would accuse the innocent. */
  if (syscall(SYS_writev, trace, parts, 4) != (long)total) abort();
}

static int opened(int fd, const char *path, int flags, int existed, uint64_t time) {
  if (fd < 0 || fd >= 65536) return fd;
  inodes[fd] = inode_of(fd);
  struct stat facts;
  if (fstat(fd, &facts) == 0 && S_ISDIR(facts.st_mode)) put(DIRECTORY, time, inodes[fd], 0, path, NULL, NULL, 0);
  else if (!existed) put(CREATE, time, inodes[fd], 0, path, NULL, NULL, 0);
  else if (flags & O_TRUNC) put(TRUNCATE, time, inodes[fd], 0, NULL, NULL, NULL, 0);
  return fd;
}

static int open_any(const char *name, const char *path, int flags, mode_t mode) {
  if (!is_ours(path)) return REAL(int, name, const char *, int, ...)(path, flags, mode);
  pthread_mutex_lock(&lock);
  uint64_t time = now();
  int existed = access(path, F_OK) == 0;
  int fd = opened(REAL(int, name, const char *, int, ...)(path, flags, mode), path, flags, existed, time);
  pthread_mutex_unlock(&lock);
  return fd;
}

#define MODE(flags, mode)                       \
  mode_t mode = 0;                              \
  if ((flags) & (O_CREAT | O_TMPFILE)) {        \
    va_list rest;                               \
    va_start(rest, flags);                      \
    mode = (mode_t)va_arg(rest, int);           \
    va_end(rest);                               \
  }

int open(const char *path, int flags, ...) {
  MODE(flags, mode)
  return open_any("open", path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  MODE(flags, mode)
  return open_any("open64", path, flags, mode);
}

int close(int fd) {
  if (fd >= 0 && fd < 65536) inodes[fd] = 0;
  return REAL(int, "close", int)(fd);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
  ssize_t (*call)(int, const void *, size_t, off64_t) = real("pwrite64");
  uint64_t inode = traced(fd);
  if (inode == 0) return call(fd, data, length, offset);
  pthread_mutex_lock(&lock);
  uint64_t time = now();
  ssize_t written = call(fd, data, length, offset);
  if (written > 0) put(WRITE, time, inode, (uint64_t)offset, NULL, NULL, data, (size_t)written);
  pthread_mutex_unlock(&lock);
  return written;
}

ssize_t write(int fd, const void *data, size_t length) {
  ssize_t (*call)(int, const void *, size_t) = real("write");
  uint64_t inode = traced(fd);
  if (inode == 0) return call(fd, data, length);
  pthread_mutex_lock(&lock);
  uint64_t time = now();
  ssize_t written = call(fd, data, length);
  off64_t end = lseek64(fd, 0, SEEK_CUR);
  if (written > 0) put(WRITE, time, inode, (uint64_t)(end - written), NULL, NULL, data, (size_t)written);
  pthread_mutex_unlock(&lock);
  return written;
}

/* Rare: taken apart, so that one kind of record is enough. */
ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (traced(fd) == 0) return REAL(ssize_t, "writev", int, const struct iovec *, int)(fd, parts, count);
  ssize_t total = 0;
  for (int at = 0; at < count; at += 1) {
    ssize_t written = write(fd, parts[at].iov_base, parts[at].iov_len);
    if (written < 0) return total > 0 ? total : written;
    total += written;
    if ((size_t)written < parts[at].iov_len) break;
  }
  return total;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
  if (traced(fd) == 0) return REAL(ssize_t, "pwritev", int, const struct iovec *, int, off_t)(fd, parts, count, offset);
  ssize_t total = 0;
  for (int at = 0; at < count; at += 1) {
    ssize_t written = pwrite64(fd, parts[at].iov_base, parts[at].iov_len, offset + total);
    if (written < 0) return total > 0 ? total : written;
    total += written;
    if ((size_t)written < parts[at].iov_len) break;
  }
  return total;
}

int ftruncate64(int fd, off64_t size) {
  int (*call)(int, off64_t) = real("ftruncate64");
  uint64_t inode = traced(fd);
  if (inode == 0) return call(fd, size);
  pthread_mutex_lock(&lock);
  uint64_t time = now();
  int result = call(fd, size);
  if (result == 0) put(TRUNCATE, time, inode, (uint64_t)size, NULL, NULL, NULL, 0);
  pthread_mutex_unlock(&lock);
  return result;
}

static int sync_any(const char *name, int fd) {
  int (*call)(int) = real(name);
  uint64_t inode = traced(fd);
  if (inode == 0) return call(fd);
  if (ignores_syncs) return 0;
  pthread_mutex_lock(&lock);
  uint64_t time = now();
  int result = call(fd);
  if (result == 0) put(SYNC, time, inode, 0, NULL, NULL, NULL, 0);
  pthread_mutex_unlock(&lock);
  return result;
}

int fsync(int fd) { return sync_any("fsync", fd); }
int fdatasync(int fd) { return sync_any("fdatasync", fd); }

int rename(const char *from, const char *to) {
  int (*call)(const char *, const char *) = real("rename");
  if (!is_ours(from) && !is_ours(to)) return call(from, to);
  pthread_mutex_lock(&lock);
  uint64_t time = now();
  int result = call(from, to);
  if (result == 0) put(RENAME, time, 0, 0, from, to, NULL, 0);
  pthread_mutex_unlock(&lock);
  return result;
}

int unlink(const char *path) {
  int (*call)(const char *) = real("unlink");
  if (!is_ours(path)) return call(path);
  pthread_mutex_lock(&lock);
  uint64_t time = now();
  int result = call(path);
  if (result == 0) put(UNLINK, time, 0, 0, path, NULL, NULL, 0);
  pthread_mutex_unlock(&lock);
  return result;
}

int mkdir(const char *path, mode_t mode) {
  int (*call)(const char *, mode_t) = real("mkdir");
  if (!is_ours(path)) return call(path, mode);
  pthread_mutex_lock(&lock);
  uint64_t time = now();
  int result = call(path, mode);
  if (result == 0) put(MKDIR, time, 0, 0, path, NULL, NULL, 0);
  pthread_mutex_unlock(&lock);
  return result;
}
