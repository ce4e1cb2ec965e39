// Whether a file system answers at all.
#pragma once

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "call.h"

namespace {

// What a child of ours does for `answers`: every kind of look-up that may follow, on one directory.
// Only system calls, because the child of a process with threads may do nothing else.
[[noreturn]] void LookUp(int dirfd, const Path &path, uint64_t resolve, const Path &name) {
  // Neither the caller's pipes nor the lock of the images may live on with a child that waits for ever.
  if (dirfd > 0) syscall(SYS_close_range, 0, dirfd - 1, 0);
  syscall(SYS_close_range, dirfd + 1, ~0U, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  struct open_how how = {};
  how.flags = O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC;
  how.resolve = resolve;
  struct statx st;
  syscall(SYS_statx, dirfd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st);
  int fd = static_cast<int>(syscall(SYS_openat2, dirfd, path.c_str(), &how, sizeof how));
  if (fd >= 0) {
    char entries[4096];
    syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st);
    syscall(SYS_getdents64, fd, entries, sizeof entries);
    if (name.c_str() != nullptr)
      syscall(SYS_statx, fd, name.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &st);
  }
  syscall(SYS_exit_group, 0);
  __builtin_unreachable();
}

// Whether a file system answers within so many milliseconds: 0, or -ETIMEDOUT. A process that waits
// for FUSE or NFS cannot be interrupted, and at times not even be killed, so that a child goes first;
// one that does not come back is left behind.
Value Answers(const CallbackInfo &info) {
  Reader in(info);
  int dirfd = in.fd(0);
  Path path, name;
  in.path(1, &path);
  uint64_t resolve = in.u64(2);
  in.optionalPath(3, &name);
  int milliseconds = in.i32(4);
  if (!in.ok()) return {};
  if (dirfd < 0) return errno = EBADF, answer(info, -1);
  // fork(2) without the C library, whose handlers take locks that another thread may hold.
  long child = syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (child == 0) LookUp(dirfd, path, resolve, name);
  if (child < 0) return answer(info, -1);
  int pidfd = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  struct pollfd ended = {pidfd, POLLIN, 0};
  int ready = -1;
  while (pidfd >= 0 && (ready = poll(&ended, 1, milliseconds)) < 0 && errno == EINTR) continue;
  int error = ready < 0 ? errno : ETIMEDOUT;
  int status = 0;
  if (ready > 0) {
    waitpid(static_cast<pid_t>(child), &status, 0);
    // One that somebody ended has seen no answer.
    error = EIO;
  }
  if (pidfd >= 0) close(pidfd);
  errno = error;
  return answer(info, ready > 0 && status == 0 ? 0 : -1);
}

}  // namespace
