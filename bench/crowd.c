// crowd PROCESSES NAMESPACES MOUNTS PROGRAM [ARGUMENT...]: runs a program on a busy host: one with so many
// idle processes, and so many mount namespaces of which each has that many mounts of its own.
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static long must(const char *name, long result) {
  if (result >= 0) return result;
  perror(name);
  exit(1);
}

static void make_namespace(int mounts) {
  must("unshare", unshare(CLONE_NEWNS));
  must("mount", mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
  must("mount", mount("crowd", "/tmp", "tmpfs", 0, NULL));
  for (int i = 1; i < mounts; i++) {
    char place[64];
    snprintf(place, sizeof place, "/tmp/%d", i);
    FILE *file = fopen(place, "w");
    if (file == NULL || fclose(file) != 0) exit(1);
    must("mount", mount(place, place, NULL, MS_BIND, NULL));
  }
}

static pid_t start(int ready[2], int mounts) {
  pid_t pid = must("fork", fork());
  if (pid > 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (mounts > 0) make_namespace(mounts);
  must("write", write(ready[1], "", 1));
  // What a shell or a harness passes on is none of a daemon's descriptors, and each costs.
  close_range(3, ~0U, 0);
  for (;;) pause();
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  int processes = atoi(argv[1]), count = processes + atoi(argv[2]), mounts = atoi(argv[3]);
  pid_t *pids = calloc(count + 1, sizeof *pids);
  int ready[2];
  must("pipe", pipe(ready));
  for (int i = 0; i < count; i++) {
    pids[i] = start(ready, i < processes ? 0 : mounts);
    char byte;
    if (read(ready[0], &byte, 1) != 1) return 1;
  }
  close(ready[0]);
  close(ready[1]);
  pid_t pid = must("fork", fork());
  if (pid == 0) {
    execv(argv[4], argv + 4);
    perror(argv[4]);
    _exit(127);
  }
  int status;
  must("waitpid", waitpid(pid, &status, 0));
  for (int i = 0; i < count; i++) kill(pids[i], SIGKILL);
  for (int i = 0; i < count; i++) must("waitpid", waitpid(pids[i], NULL, 0));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
