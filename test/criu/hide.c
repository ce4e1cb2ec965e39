// hide chroot DIR: sees nothing of its mount namespace but what is below DIR.
// hide leader: its first thread ends and another one stays, so that /proc/PID/mountinfo cannot be read.
// Either says "ready" and waits to be killed.
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void *stay(void *arg) {
  puts("ready");
  fflush(stdout);
  while (pause() < 0) continue;
  return arg;
}

int main(int argc, char **argv) {
  pthread_t thread;
  if (argc == 3 && strcmp(argv[1], "chroot") == 0) {
    if (chroot(argv[2]) != 0 || chdir("/") != 0) return 1;
    stay(NULL);
  }
  if (argc != 2 || strcmp(argv[1], "leader") != 0) return 2;
  if (pthread_create(&thread, NULL, stay, NULL) != 0) return 1;
  pthread_exit(NULL);
}
