// netns COUNT PROGRAM [ARGUMENT...]: starts the program while this process keeps so many network namespaces open, in which
// nobody is.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int count = atoi(argv[1]);
  struct rlimit limit = {count + 100, count + 100};
  int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (setrlimit(RLIMIT_NOFILE, &limit) < 0) return perror("setrlimit"), 1;
  for (int made = 0; made < count; made++)
    if (unshare(CLONE_NEWNET) < 0 || open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC) < 0)
      return perror("network namespace"), 1;
  if (setns(home, CLONE_NEWNET) < 0) return perror("setns"), 1;
  pid_t pid = fork();
  if (pid < 0) return perror("fork"), 1;
  if (pid == 0) {
    execv(argv[2], argv + 2);
    perror(argv[2]);
    _exit(127);
  }
  int status;
  if (waitpid(pid, &status, 0) < 0) return perror("waitpid"), 1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
