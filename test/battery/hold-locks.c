// hold-locks FOLDER COMMAND...: takes locks on files of the folder and executes the command in its own place:
//   flock   by flock(2)
//   ofd     by F_OFD_SETLK of fcntl(2)
//   posix   by F_SETLK of fcntl(2); the file is open once more
//   free    is only open
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

static int folder;

static int opened(const char *name) {
  int fd = openat(folder, name, O_CREAT | O_RDWR, 0600);
  if (fd < 0) perror(name), _exit(125);
  return fd;
}

int main(int argc, char **argv) {
  struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  if (argc < 3 || (folder = open(argv[1], O_PATH | O_CLOEXEC)) < 0) return 125;
  opened("posix");
  if (flock(opened("flock"), LOCK_EX) < 0 || fcntl(opened("ofd"), F_OFD_SETLK, &all) < 0 ||
      fcntl(opened("posix"), F_SETLK, &all) < 0)
    return perror("lock"), 125;
  opened("posix");
  opened("free");
  execvp(argv[2], argv + 2);
  return perror(argv[2]), 125;
}
