// timed PROGRAM [ARGUMENT...]: runs it with its output in a pipe, as a runtime does, then prints
// wall time in nanoseconds, processor time in microseconds, peak memory in KiB and the exit status.
// A small program of its own, because a child of node begins with the peak memory of node, and
// because what node does to start a child would count for all sides alike and flatter every ratio.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static long long micro(struct timeval time) { return time.tv_sec * 1000000LL + time.tv_usec; }

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  int output[2];
  if (pipe2(output, O_CLOEXEC) < 0) return perror("pipe2"), 1;
  long long start = now();
  pid_t pid = fork();
  if (pid < 0) return perror("fork"), 1;
  if (pid == 0) {
    dup2(output[1], 1);
    execv(argv[1], argv + 1);
    perror(argv[1]);
    _exit(127);
  }
  close(output[1]);
  char nobody[65536];
  while (read(output[0], nobody, sizeof nobody) > 0) continue;
  int status;
  struct rusage used;
  if (wait4(pid, &status, 0, &used) < 0) return perror("wait4"), 1;
  long long wall = now() - start;
  printf("%lld %lld %ld %d\n", wall, micro(used.ru_utime) + micro(used.ru_stime), used.ru_maxrss,
         WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return 0;
}
