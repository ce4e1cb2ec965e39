// own-root PROGRAM...: runs it in a private mount namespace whose root is our root. In a chroot "/" is no mount,
// so that no propagation can be set there, and whoever enters a mount namespace leaves the chroot by that.
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

// glibc 2.36 declares them in a header that clashes with linux/mount.h.
int mount(const char *, const char *, const char *, unsigned long, const void *);
int umount2(const char *, int);

static int must(long result, const char *what) {
  if (result < 0) {
    perror(what);
    exit(125);
  }
  return (int)result;
}

int main(int argc, char **argv) {
  static char folder[PATH_MAX];
  if (argc < 2 || getcwd(folder, sizeof folder) == NULL) return 125;
  must(unshare(CLONE_NEWNS), "unshare");
  const int root = must(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), "/");
  const int own = must(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), "/proc/self/ns/mnt");
  // To the root of the namespace, which is always a mount; private before anything is mounted.
  must(setns(own, CLONE_NEWNS), "setns");
  must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount --make-rprivate /");
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH;
  const int tree = must(syscall(SYS_open_tree, root, "", flags), "open_tree");
  const unsigned both = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  must(syscall(SYS_move_mount, tree, "", root, "", both), "move_mount");
  must(fchdir(tree), "fchdir");
  must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
  must(umount2(".", 2 /* MNT_DETACH */), "umount");
  must(chdir(folder), folder);
  execvp(argv[1], argv + 1);
  perror(argv[1]);
  return 127;
}
