// checked DIR COUNT: what unlink.c does, with the calls that criu-gc makes around each unlinkat(2): it
// holds the file, looks at it before and after, and lets it go.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int dir = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0) return perror(argv[1]), 1;
  for (int i = 0; i < atoi(argv[2]); i++) {
    char name[40];
    struct statx before, after;
    snprintf(name, sizeof name, "link_remap.%d", 2 * i + 1);
    int file = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) return perror(name), 1;
    if (statx(file, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &before) < 0) return perror(name), 1;
    if (unlinkat(dir, name, 0) < 0) return perror(name), 1;
    if (statx(file, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &after) < 0) return perror(name), 1;
    if (after.stx_nlink >= before.stx_nlink) return fprintf(stderr, "%s: still there\n", name), 1;
    close(file);
  }
  return 0;
}
