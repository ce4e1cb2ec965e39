// unlink DIRECTORY COUNT: removes link_remap.1, link_remap.3, ... from it. What a clean-up would cost
// that knew its names already and looked at nothing.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int directory = open(argv[1], O_PATH | O_DIRECTORY);
  if (directory < 0) return perror(argv[1]), 1;
  int count = atoi(argv[2]);
  for (int i = 0; i < count; i++) {
    char name[32];
    snprintf(name, sizeof name, "link_remap.%d", 2 * i + 1);
    if (unlinkat(directory, name, 0) < 0) return perror(name), 1;
  }
  return 0;
}
