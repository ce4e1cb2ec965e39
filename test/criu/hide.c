// hide chroot DIR: sees nothing of its mount namespace but what is below DIR.
// hide leader: its first thread ends and another one stays, so that /proc/PID/mountinfo cannot be read.
// hide thread DIR: its second thread is in a mount namespace of its own, with a tmpfs "kept" on DIR.
// hide rootfs: has a namespace with nothing but rootfs, and beside each other on that two tmpfs, "first" on /dev and
//   "kept" on /root.
// hide many DIR NUMBER: in its namespace, so many mounts lie on DIR.
// Each says "ready" and waits to be killed.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void *stay(void *arg) {
  puts("ready");
  fflush(stdout);
  while (pause() < 0) continue;
  return arg;
}

static void *part(void *arg) {
  if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      mount("kept", arg, "tmpfs", 0, NULL) != 0)
    _exit(1);
  return stay(arg);
}

static int rootfs(void) {
  int own;
  if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return 1;
  own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  // whoever comes to a namespace gets to its root, which nothing covers now
  if (umount2("/", MNT_DETACH) != 0 || setns(own, CLONE_NEWNS) != 0) return 1;
  // of every initramfs, also of the one that the kernel brings along
  mkdir("/dev", 0755);
  mkdir("/root", 0700);
  if (mount("first", "/dev", "tmpfs", 0, NULL) != 0) return 1;
  if (mount("kept", "/root", "tmpfs", 0, NULL) != 0) return 1;
  close(open("/root/file", O_CREAT | O_WRONLY, 0600));
  close(own);
  stay(NULL);
  return 1;
}

static int many(const char *dir, int number) {
  while (number-- > 0)
    if (mount(dir, dir, NULL, MS_BIND, NULL) != 0) return 1;
  stay(NULL);
  return 1;
}

int main(int argc, char **argv) {
  pthread_t thread;
  if (argc == 3 && strcmp(argv[1], "chroot") == 0) {
    if (chroot(argv[2]) != 0 || chdir("/") != 0) return 1;
    stay(NULL);
  }
  if (argc == 3 && strcmp(argv[1], "thread") == 0) {
    if (pthread_create(&thread, NULL, part, argv[2]) != 0) return 1;
    while (pause() < 0) continue;
  }
  if (argc == 2 && strcmp(argv[1], "rootfs") == 0) return rootfs();
  if (argc == 4 && strcmp(argv[1], "many") == 0) return many(argv[2], atoi(argv[3]));
  if (argc != 2 || strcmp(argv[1], "leader") != 0) return 2;
  if (pthread_create(&thread, NULL, stay, NULL) != 0) return 1;
  pthread_exit(NULL);
}
