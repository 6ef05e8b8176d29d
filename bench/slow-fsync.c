/* A preload that makes every sync take as long as on a plain disk: FSYNC_DELAY_US microseconds more. It counts them, for FSYNC_COUNT_FILE at the end. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static atomic_ulong syncs;

static void delay(void) {
  const char *text = getenv("FSYNC_DELAY_US");
  long us = text == NULL ? 0 : atol(text);
  struct timespec left = {us / 1000000, (us % 1000000) * 1000};
  while (us > 0 && nanosleep(&left, &left) != 0) {
  }
  atomic_fetch_add(&syncs, 1);
}

int fsync(int fd) {
  int (*call)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  int result = call(fd);
  delay();
  return result;
}

int fdatasync(int fd) {
  int (*call)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  int result = call(fd);
  delay();
  return result;
}

/* For whoever has loaded it and asks: how many syncs there were. */
__attribute__((destructor)) static void tell(void) {
  const char *file = getenv("FSYNC_COUNT_FILE");
  if (file == NULL) return;
  FILE *out = fopen(file, "w");
  if (out == NULL) return;
  fprintf(out, "%lu\n", (unsigned long)atomic_load(&syncs));
  fclose(out);
}
