// mute DEVICE DIR LEVEL: a FUSE file system on DIR, with a link "sub/link_remap.4" of a file with two names, whose
// server reads all requests and answers some. 0: none; 1: all but look-ups of names; 2: all but look-ups of
// names in "sub"; 3: all.
// Ends at the end of standard input.
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROOT = 1, SUB = 2, LINK = 3 };
#define NAME "link_remap.4"

static int device;
static int isRemoved;

static void reply(const struct fuse_in_header *to, int error, const void *data, size_t size) {
  char buffer[4096];
  struct fuse_out_header head = {(unsigned)(sizeof head + size), error, to->unique};
  memcpy(buffer, &head, sizeof head);
  if (size > 0) memcpy(buffer + sizeof head, data, size);
  // A request that was given up meanwhile has no place for an answer.
  if (write(device, buffer, sizeof head + size) < 0 && errno != ENOENT) perror("reply");
}

static struct fuse_attr attributes(unsigned long node) {
  struct fuse_attr attr = {0};
  attr.ino = node;
  attr.mode = node == LINK ? S_IFREG | 0644 : S_IFDIR | 0755;
  attr.nlink = node == LINK && isRemoved ? 1 : 2;
  attr.size = node == LINK ? 10 : 0;
  return attr;
}

static void answer(const struct fuse_in_header *in, int level) {
  switch (in->opcode) {
    case FUSE_INIT: {
      const struct fuse_init_in *wanted = (const void *)(in + 1);
      struct fuse_init_out out = {0};
      out.major = FUSE_KERNEL_VERSION;
      out.minor = wanted->minor < FUSE_KERNEL_MINOR_VERSION ? wanted->minor : FUSE_KERNEL_MINOR_VERSION;
      out.max_write = 4096;
      reply(in, 0, &out, sizeof out);
      return;
    }
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
      return;
  }
  if (level == 0) return;
  switch (in->opcode) {
    case FUSE_LOOKUP: {
      if (level == 1 || (level == 2 && in->nodeid == SUB)) return;
      const char *name = (const void *)(in + 1);
      struct fuse_entry_out out = {0};
      if (in->nodeid == ROOT && strcmp(name, "sub") == 0) out.nodeid = SUB;
      if (in->nodeid == SUB && strcmp(name, NAME) == 0 && !isRemoved) out.nodeid = LINK;
      if (out.nodeid == 0) return reply(in, -ENOENT, NULL, 0);
      out.attr = attributes(out.nodeid);
      return reply(in, 0, &out, sizeof out);
    }
    case FUSE_GETATTR: {
      struct fuse_attr_out out = {0};
      out.attr = attributes(in->nodeid);
      return reply(in, 0, &out, sizeof out);
    }
    case FUSE_OPENDIR: {
      struct fuse_open_out out = {0};
      return reply(in, 0, &out, sizeof out);
    }
    case FUSE_UNLINK:
      isRemoved = in->nodeid == SUB && strcmp((const char *)(in + 1), NAME) == 0;
      return reply(in, 0, NULL, 0);
    case FUSE_READDIR:
    case FUSE_RELEASEDIR:
      return reply(in, 0, NULL, 0);
    default:
      return reply(in, -ENOSYS, NULL, 0);
  }
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  const int level = atoi(argv[3]);
  char options[100];
  device = open(argv[1], O_RDWR | O_CLOEXEC);
  if (device < 0) return perror(argv[1]), 1;
  snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
  if (mount("mute", argv[2], "fuse", 0, options) < 0) return perror("mount"), 1;
  struct pollfd either[] = {{device, POLLIN, 0}, {0, POLLIN, 0}};
  static char request[1 << 20];
  while (poll(either, 2, -1) > 0 && either[1].revents == 0) {
    if (read(device, request, sizeof request) < 0) {
      if (errno == ENODEV) return 0;
      continue;
    }
    answer((const struct fuse_in_header *)request, level);
  }
}
