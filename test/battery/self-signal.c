// Preloaded: sends the process SIGTERM at its first unlinkat(2), which is then made.
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int unlinkat(int directory, const char *name, int flags) {
  static int calls;
  if (calls++ == 0) kill(getpid(), SIGTERM);
  return (int)syscall(SYS_unlinkat, directory, name, flags);
}
