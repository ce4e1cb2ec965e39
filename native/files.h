// Files and directories, each by a descriptor and a name below it.
#pragma once

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"

namespace {

// open(2)
Value Openat(const CallbackInfo &info) {
  Reader in(info);
  int dirfd = in.fd(0);
  Path path;
  in.path(1, &path);
  int flags = in.i32(2);
  uint32_t mode = in.u32(3);
  if (!in.ok()) return {};
  return answer(info, openat(dirfd, path.c_str(), flags | O_CLOEXEC, mode));
}

// openat2(2)
Value Openat2(const CallbackInfo &info) {
  Reader in(info);
  int dirfd = in.fd(0);
  Path path;
  in.path(1, &path);
  struct open_how how = {};
  how.flags = in.u64(2) | O_CLOEXEC;
  how.resolve = in.u64(3);
  if (!in.ok()) return {};
  return answer(info, syscall(SYS_openat2, dirfd, path.c_str(), &how, sizeof how));
}

// unlink(2)
Value Unlinkat(const CallbackInfo &info) {
  Reader in(info);
  int dirfd = in.fd(0);
  Path path;
  in.path(1, &path);
  int flags = in.i32(2);
  if (!in.ok()) return {};
  return answer(info, unlinkat(dirfd, path.c_str(), flags));
}

// mkdir(2)
Value Mkdirat(const CallbackInfo &info) {
  Reader in(info);
  int dirfd = in.fd(0);
  Path path;
  in.path(1, &path);
  uint32_t mode = in.u32(2);
  if (!in.ok()) return {};
  return answer(info, mkdirat(dirfd, path.c_str(), mode));
}

// getdents(2), raw linux_dirent64 records.
Value Getdents64(const CallbackInfo &info) {
  Reader in(info);
  int fd = in.fd(0);
  size_t length;
  uint8_t *data = in.memory(1, &length);
  if (!in.ok()) return {};
  return answer(info, syscall(SYS_getdents64, fd, data, length));
}

// readlink(2)
Value Readlinkat(const CallbackInfo &info) {
  Reader in(info);
  int dirfd = in.fd(0);
  Path path;
  in.path(1, &path);
  size_t length;
  uint8_t *data = in.memory(2, &length);
  if (!in.ok()) return {};
  return answer(info, readlinkat(dirfd, path.c_str(), reinterpret_cast<char *>(data), length));
}

// flock(2)
Value Flock(const CallbackInfo &info) {
  Reader in(info);
  int fd = in.fd(0);
  int operation = in.i32(1);
  if (!in.ok()) return {};
  return answer(info, flock(fd, operation));
}

// faccessat(2)
Value Faccessat(const CallbackInfo &info) {
  Reader in(info);
  int dirfd = in.fd(0);
  Path path;
  in.path(1, &path);
  int mode = in.i32(2);
  if (!in.ok()) return {};
  return answer(info, syscall(SYS_faccessat, dirfd, path.c_str(), mode));
}

// faccessat2(2), which can be asked of what an fd holds.
Value Faccessat2(const CallbackInfo &info) {
  Reader in(info);
  int dirfd = in.fd(0);
  Path path;
  in.path(1, &path);
  int mode = in.i32(2);
  int flags = in.i32(3);
  if (!in.ok()) return {};
  return answer(info, syscall(SYS_faccessat2, dirfd, path.c_str(), mode, flags));
}

// isatty(3), because asking Node builds a whole stream.
Value Isatty(const CallbackInfo &info) {
  Reader in(info);
  int fd = in.fd(0);
  if (!in.ok()) return {};
  return answer(info, isatty(fd));
}

// close(2)
Value Close(const CallbackInfo &info) {
  Reader in(info);
  int fd = in.fd(0);
  if (!in.ok()) return {};
  return answer(info, close(fd));
}

}  // namespace
