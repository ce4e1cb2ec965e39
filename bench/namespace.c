// namespace ROOTFS LINK: the system calls that criu-gc makes for one link in one namespace, without
// images, checks or report: what remains of a run when the language is taken away.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// glibc 2.36 declares it in a header that clashes with linux/mount.h.
extern int mount(const char *, const char *, const char *, unsigned long, const void *);

static long must(const char *name, long result) {
  if (result >= 0) return result;
  perror(name);
  exit(1);
}

static int tmpfs(void) {
  int context = must("fsopen", syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC));
  must("fsconfig", syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "size", "64k", 0));
  must("fsconfig", syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "mode", "0700", 0));
  must("fsconfig", syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
  int fd = must("fsmount", syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0));
  close(context);
  return fd;
}

static void move_mount_by_fd(int from, int to) {
  int flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  must("move_mount", syscall(SYS_move_mount, from, "", to, "", flags));
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int clone = must("open_tree", syscall(SYS_open_tree, AT_FDCWD, argv[1], OPEN_TREE_CLONE));
  must("unshare", unshare(CLONE_NEWNS));
  must("mount", mount(NULL, "/", NULL, 0x4000 | 0x40000, NULL));  // MS_REC | MS_PRIVATE
  int base = must("open", open("/proc/thread-self/ns/mnt", O_RDONLY));
  must("unshare", unshare(CLONE_NEWNS));
  int yard = tmpfs();
  move_mount_by_fd(yard, must("open", open("/", O_PATH | O_DIRECTORY)));
  must("mkdirat", mkdirat(yard, "root", 0700));
  move_mount_by_fd(clone, must("openat", openat(yard, "root", O_PATH | O_DIRECTORY)));
  must("setns", setns(base, CLONE_NEWNS));

  char *name = strrchr(argv[2], '/');
  *name++ = '\0';
  struct open_how how = {
      .flags = O_PATH | O_DIRECTORY,
      .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
  };
  int directory = must("openat2", syscall(SYS_openat2, clone, argv[2], &how, sizeof how));
  must("unlinkat", unlinkat(directory, name, 0));
  return 0;
}
