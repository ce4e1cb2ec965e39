// Who holds a file: one walk over all processes.
#pragma once

#include <climits>
#include <cstring>
#include <fcntl.h>
#include <linux/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"
#include "proc.h"

namespace {

// Four times as fast. No server is asked but those of NFS and 9p, who are in any case.
uint64_t inodeOf(int dir, const char *fd) {
  struct statx st;
  int flags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
  return syscall(SYS_statx, dir, fd, flags, STATX_INO, &st) < 0 ? 0 : st.stx_ino;
}

// What nearly every process has open.
bool isTerminal(const char *link, size_t size) {
  auto is = [&](const char *name) { return size >= strlen(name) && !memcmp(link, name, strlen(name)); };
  return is("/dev/null") || is("/dev/pts/");
}

// Descriptors of all other processes that hold the inode `high`, `low`, or write to a file below `path`, as three
// numbers: pid, descriptor, and 1 or 2 for these two. A process that may not be looked at: pid, -errno, 0.
// The length in bytes of what was found, or -EOVERFLOW. One call, because a host has thousands of processes.
// Neither readlink(2) nor fdinfo asks the server of a file: whoever is on a dead one is no hindrance.
Value FindHolders(const CallbackInfo &info) {
  Reader in(info);
  uint64_t inode = static_cast<uint64_t>(in.u32(0)) << 32;
  inode |= in.u32(1);
  Path path;
  in.path(2, &path);
  int mayAsk = in.i32(3);
  size_t length;
  uint8_t *memory = in.memory(4, &length);
  if (!in.ok()) return {};
  size_t used = 0;
  bool isFull = false;
  auto put = [&](int pid, int fd, int what) {
    const int32_t row[] = {pid, fd, what};
    isFull = used + sizeof row > length;
    if (!isFull) memcpy(memory + used, row, sizeof row), used += sizeof row;
    return !isFull;
  };
  size_t prefix = strlen(path.c_str());
  pid_t own = getpid();
  int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (proc < 0) return answer(info, -1);
  // We have some.
  bool isCounted = countAt(proc, "self/fd") > 0;
  int result = eachNumber(proc, [&](const char *name) {
    int pid = number<int>(name);
    if (pid == own) return true;
    char place[32];
    snprintf(place, sizeof place, "%d/fd", pid);
    int error = eachDescriptor(proc, place, isCounted, [&](const char *at, int fd) {
      char link[PATH_MAX];
      ssize_t size = readlinkat(proc, at, link, sizeof link);
      if (size < 0 && (errno == EACCES || errno == EPERM)) return put(pid, -errno, 0), Seen::kEnough;
      if (size <= 0) return Seen::kGone;
      // Pipes, sockets and the like have no path.
      if (link[0] != '/' || isTerminal(link, size)) return Seen::kThere;
      uint64_t held = mayAsk ? inodeOf(proc, at) : fdInfo(proc, pid, fd).ino;
      bool isBelow = static_cast<size_t>(size) > prefix && memcmp(link, path.c_str(), prefix) == 0;
      int what = held == inode ? 1 : isBelow && (fdInfo(proc, pid, fd).flags & O_ACCMODE) != O_RDONLY ? 2 : 0;
      return what == 0 || put(pid, fd, what) ? Seen::kThere : Seen::kEnough;
    });
    if (error != 0 && error != ENOENT && error != ESRCH) put(pid, -error, 0);
    return !isFull;
  });
  close(proc);
  if (result < 0) errno = -result;
  if (isFull) errno = EOVERFLOW;
  return answer(info, result < 0 || isFull ? -1 : static_cast<long>(used));
}

}  // namespace
