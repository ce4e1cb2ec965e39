// Mount namespaces: into one, out of one, and what the kernel says of it; where a task stands in it.
#pragma once

#include <cstring>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "call.h"

namespace {

// unshare(2)
Value Unshare(const CallbackInfo &info) {
  Reader in(info);
  int flags = in.i32(0);
  if (!in.ok()) return {};
  return answer(info, unshare(flags));
}

// setns(2)
Value Setns(const CallbackInfo &info) {
  Reader in(info);
  int fd = in.fd(0);
  int type = in.i32(1);
  if (!in.ok()) return {};
  return answer(info, setns(fd, type));
}

// struct mnt_ns_info of linux/nsfs.h, from Linux 6.12 on.
struct NamespaceInfo {
  uint32_t size;
  uint32_t nr_mounts;
  uint64_t mnt_ns_id;
};

// ioctl_nsfs(2), of those that answer with a struct mnt_ns_info: NS_MNT_GET_INFO, _NEXT and _PREV.
Value IoctlNsfs(const CallbackInfo &info) {
  Reader in(info);
  int fd = in.fd(0);
  uint32_t number = in.u32(1);
  size_t length;
  uint8_t *data = in.memory(2, &length);
  if (!in.ok()) return {};
  NamespaceInfo found = {};
  if (length < sizeof found) return errno = EINVAL, answer(info, -1);
  long result = ioctl(fd, _IOC(_IOC_READ, 0xb7, number & 0xff, sizeof found), &found);
  if (result >= 0) memcpy(data, &found, sizeof found);
  return answer(info, result);
}

// chdir(2); of the calling thread alone once it has unshared its file system attributes.
Value Chdir(const CallbackInfo &info) {
  Reader in(info);
  Path path;
  in.path(0, &path);
  if (!in.ok()) return {};
  return answer(info, chdir(path.c_str()));
}

// chdir(2) to what an fd holds.
Value Fchdir(const CallbackInfo &info) {
  Reader in(info);
  int fd = in.fd(0);
  if (!in.ok()) return {};
  return answer(info, fchdir(fd));
}

// chroot(2); likewise.
Value Chroot(const CallbackInfo &info) {
  Reader in(info);
  Path path;
  in.path(0, &path);
  if (!in.ok()) return {};
  return answer(info, chroot(path.c_str()));
}

}  // namespace
