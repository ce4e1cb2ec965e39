// tree FOLDER PROCESSES FILES PROGRAM [ARGUMENT...]: runs a program while a tree of so many processes holds so many
// unlinked files each, open and mapped. "%p" in an argument is the first process of that tree.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static long must(const char *name, long result) {
  if (result >= 0) return result;
  perror(name);
  exit(1);
}

static void hold(const char *folder, int process, int files) {
  for (int i = 0; i < files; i++) {
    char name[4096], other[4096];
    snprintf(name, sizeof name, "%s/%d-%d", folder, process, i);
    snprintf(other, sizeof other, "%s.kept", name);
    int fd = must(name, open(name, O_RDWR | O_CREAT | O_TRUNC, 0644));
    must("ftruncate", ftruncate(fd, 4096));
    unlink(other);
    must("link", link(name, other));
    must("unlink", unlink(name));
    if (mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED) exit(1);
  }
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  int processes = atoi(argv[2]), files = atoi(argv[3]);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  int ready[2];
  must("pipe", pipe2(ready, O_CLOEXEC));
  pid_t first = must("fork", fork());
  if (first == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int i = 1; i < processes; i++)
      if (must("fork", fork()) == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        hold(argv[1], i, files);
        must("write", write(ready[1], "", 1));
        for (;;) pause();
      }
    hold(argv[1], 0, files);
    must("write", write(ready[1], "", 1));
    for (;;) pause();
  }
  char byte;
  for (int i = 0; i < processes; i++)
    if (read(ready[0], &byte, 1) != 1) return 1;
  char pid[16];
  snprintf(pid, sizeof pid, "%d", first);
  for (int i = 4; i < argc; i++)
    if (strcmp(argv[i], "%p") == 0) argv[i] = pid;
  pid_t child = must("fork", fork());
  if (child == 0) {
    execv(argv[4], argv + 4);
    perror(argv[4]);
    _exit(127);
  }
  int status;
  must("waitpid", waitpid(child, &status, 0));
  kill(first, SIGKILL);
  must("waitpid", waitpid(first, NULL, 0));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
