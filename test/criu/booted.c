// booted SECONDS.NANOSECONDS COMMAND...: runs a command in a time namespace, as on a machine that was
// started at that moment since 1970 and was never suspended. Ends as the command does; 125 where this
// kernel, or who runs it, cannot have such a namespace.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static long long now(clockid_t clock) {
  struct timespec at;
  clock_gettime(clock, &at);
  return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static int set(int fd, const char *name, clockid_t clock, long long booted) {
  long long before, offset, tries = 0;
  // again where something else ran in between
  do {
    before = now(CLOCK_REALTIME);
    offset = before - booted - now(clock);
  } while (now(CLOCK_REALTIME) - before > 1000000LL && ++tries < 1000);
  long long second = offset / 1000000000LL, rest = offset % 1000000000LL;
  if (rest < 0) second--, rest += 1000000000LL;
  return dprintf(fd, "%s %lld %lld\n", name, second, rest) > 0;
}

int main(int argc, char **argv) {
  long long second, rest;
  int status, fd;
  if (argc < 3 || sscanf(argv[1], "%lld.%9lld", &second, &rest) != 2) return 2;
  long long booted = second * 1000000000LL + rest;
  if (unshare(CLONE_NEWTIME) != 0) return perror("unshare"), 125;
  fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
  if (fd < 0 || !set(fd, "monotonic", CLOCK_MONOTONIC, booted) ||
      !set(fd, "boottime", CLOCK_BOOTTIME, booted))
    return perror("timens_offsets"), 125;
  // only children are in it
  pid_t pid = fork();
  if (pid == 0) return execvp(argv[2], argv + 2), perror(argv[2]), 126;
  if (pid < 0 || waitpid(pid, &status, 0) != pid) return 125;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
