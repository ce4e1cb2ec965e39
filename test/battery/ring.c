// Preloaded into Node: makes a ring of io_uring before anything else runs, as newer Nodes do by themselves, and has
// isatty(3) of a number from FIRST on ask through that ring for one of `asked` in the folder RING_FOLDER. The answer
// is the result of the request, or -errno where the ring itself cannot be used.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FIRST = 1000000, SOCKET = 45 /* IORING_OP_SOCKET, of Linux 5.19 */ };

static int ring = -1, folder = -1;
static struct io_uring_params params;
static char *entries;
static struct io_uring_sqe *requests;

__attribute__((constructor)) static void make(void) {
  const char *path = getenv("RING_FOLDER");
  if (!path) return;
  folder = open(path, O_PATH | O_CLOEXEC);
  ring = (int)syscall(SYS_io_uring_setup, 4, &params);
  size_t submitted = params.sq_off.array + params.sq_entries * sizeof(unsigned);
  size_t completed = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
  size_t size = submitted > completed ? submitted : completed;
  if (ring < 0 || !(params.features & IORING_FEAT_SINGLE_MMAP)) abort();
  int both = PROT_READ | PROT_WRITE;
  entries = mmap(NULL, size, both, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
  requests = mmap(NULL, params.sq_entries * sizeof *requests, both, MAP_SHARED | MAP_POPULATE, ring,
                  IORING_OFF_SQES);
  if (entries == MAP_FAILED || requests == MAP_FAILED) abort();
}

static unsigned *at(unsigned offset) { return (unsigned *)(entries + offset); }

static int ask(const struct io_uring_sqe *request) {
  unsigned tail = *at(params.sq_off.tail), slot = tail & *at(params.sq_off.ring_mask);
  requests[slot] = *request;
  at(params.sq_off.array)[slot] = slot;
  atomic_store((_Atomic unsigned *)at(params.sq_off.tail), tail + 1);
  if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0) {
    int error = -errno;
    // Not submitted: the next one takes its place.
    atomic_store((_Atomic unsigned *)at(params.sq_off.tail), tail);
    return error;
  }
  unsigned head = *at(params.cq_off.head) & *at(params.cq_off.ring_mask);
  struct io_uring_cqe *answers = (struct io_uring_cqe *)(entries + params.cq_off.cqes);
  int result = answers[head].res;
  atomic_store((_Atomic unsigned *)at(params.cq_off.head), *at(params.cq_off.head) + 1);
  return result;
}

static unsigned long long address(const char *name) { return (unsigned long)name; }

static int request(int number) {
  struct io_uring_sqe it;
  memset(&it, 0, sizeof it);
  it.fd = folder;
  switch (number) {
    case 0:
      it.opcode = IORING_OP_RENAMEAT, it.addr = address("old"), it.len = (unsigned)folder;
      it.addr2 = address("renamed");
      break;
    case 1: it.opcode = IORING_OP_MKDIRAT, it.addr = address("directory"), it.len = 0700; break;
    case 2: it.opcode = IORING_OP_UNLINKAT, it.addr = address("empty"), it.unlink_flags = AT_REMOVEDIR; break;
    case 3: it.opcode = IORING_OP_SYMLINKAT, it.fd = folder, it.addr = address("target"); it.addr2 = address("symlink"); break;
    case 4: it.opcode = IORING_OP_OPENAT, it.addr = address("created"), it.open_flags = O_CREAT | O_RDWR, it.len = 0600; break;
    case 5: it.opcode = SOCKET, it.fd = AF_INET, it.off = SOCK_STREAM; break;
    case 6: return (int)syscall(SYS_io_uring_register, ring, IORING_UNREGISTER_BUFFERS, NULL, 0) < 0 ? -errno : 0;
    case 7: return (int)syscall(SYS_io_uring_setup, 4, &(struct io_uring_params){0}) < 0 ? -errno : 0;
    default: return -ENOSYS;
  }
  return ask(&it);
}

int isatty(int fd) {
  if (fd < FIRST) return 0;
  int result = request(fd - FIRST);
  if (result >= 0) return result;
  errno = -result;
  return -1;
}
