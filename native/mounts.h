// Mounts: made, moved, and listed.
#pragma once

#include <cstring>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"

// glibc 2.36 declares mount(2) in a header that clashes with linux/mount.h.
extern "C" int mount(const char *, const char *, const char *, unsigned long, const void *) noexcept;

// Of Linux 6.8. On these numbers, too, all architectures agree.
#ifndef SYS_statmount
#define SYS_statmount 457
#define SYS_listmount 458
#endif

namespace {

// mount(2) without source, type and data: all that is left is changing propagation, which is all
// that this program ever asks of it.
Value Mount(const CallbackInfo &info) {
  Reader in(info);
  Path target;
  in.path(0, &target);
  uint32_t flags = in.u32(1);
  if (!in.ok()) return {};
  return answer(info, mount(nullptr, target.c_str(), nullptr, flags, nullptr));
}

// open_tree(2)
Value OpenTree(const CallbackInfo &info) {
  Reader in(info);
  int dirfd = in.fd(0);
  Path path;
  in.path(1, &path);
  uint32_t flags = in.u32(2);
  if (!in.ok()) return {};
  return answer(info, syscall(SYS_open_tree, dirfd, path.c_str(), flags | OPEN_TREE_CLOEXEC));
}

// move_mount(2)
Value MoveMount(const CallbackInfo &info) {
  Reader in(info);
  int from = in.fd(0);
  Path fromPath;
  in.path(1, &fromPath);
  int to = in.fd(2);
  Path toPath;
  in.path(3, &toPath);
  uint32_t flags = in.u32(4);
  if (!in.ok()) return {};
  return answer(info, syscall(SYS_move_mount, from, fromPath.c_str(), to, toPath.c_str(), flags));
}

// mount_setattr(2)
Value MountSetattr(const CallbackInfo &info) {
  Reader in(info);
  int dirfd = in.fd(0);
  Path path;
  in.path(1, &path);
  uint32_t flags = in.u32(2);
  struct mount_attr attr = {};
  attr.attr_set = in.u64(3);
  attr.attr_clr = in.u64(4);
  attr.propagation = in.u64(5);
  if (!in.ok()) return {};
  return answer(info, syscall(SYS_mount_setattr, dirfd, path.c_str(), flags, &attr, sizeof attr));
}

// fsopen(2)
Value Fsopen(const CallbackInfo &info) {
  Reader in(info);
  Path name;
  in.path(0, &name);
  if (!in.ok()) return {};
  return answer(info, syscall(SYS_fsopen, name.c_str(), FSOPEN_CLOEXEC));
}

// fsconfig(2)
Value Fsconfig(const CallbackInfo &info) {
  Reader in(info);
  int fd = in.fd(0);
  uint32_t command = in.u32(1);
  Path key, value;
  in.optionalPath(2, &key);
  in.optionalPath(3, &value);
  if (!in.ok()) return {};
  return answer(info, syscall(SYS_fsconfig, fd, command, key.c_str(), value.c_str(), 0));
}

// fsmount(2)
Value Fsmount(const CallbackInfo &info) {
  Reader in(info);
  int fd = in.fd(0);
  uint32_t attributes = in.u32(1);
  if (!in.ok()) return {};
  return answer(info, syscall(SYS_fsmount, fd, FSMOUNT_CLOEXEC, attributes));
}

// struct mnt_id_req of linux/mount.h, as long as it is from Linux 6.11 on: with a mount namespace.
struct MountRequest {
  uint32_t size;
  uint32_t spare;
  uint64_t mnt_id;
  uint64_t param;
  uint64_t mnt_ns_id;
};

// listmount(2): ids below `mnt_id` that follow `last`, eight bytes each. The number of them.
Value Listmount(const CallbackInfo &info) {
  Reader in(info);
  MountRequest request = {sizeof request, 0, 0, 0, 0};
  request.mnt_id = static_cast<uint64_t>(in.i64(0));
  request.param = in.u64(1);
  request.mnt_ns_id = in.u64(2);
  size_t length;
  uint8_t *data = in.memory(3, &length);
  if (!in.ok()) return {};
  return answer(info, syscall(SYS_listmount, &request, data, length / sizeof(uint64_t), 0));
}

// statmount(2): a struct statmount with its strings.
Value Statmount(const CallbackInfo &info) {
  Reader in(info);
  MountRequest request = {sizeof request, 0, 0, 0, 0};
  request.mnt_id = in.u64(0);
  request.mnt_ns_id = in.u64(1);
  request.param = in.u64(2);
  size_t length;
  uint8_t *data = in.memory(3, &length);
  if (!in.ok()) return {};
  return answer(info, syscall(SYS_statmount, &request, data, length, 0));
}

// statmount(2) of each of many ids, eight bytes each: one struct with its strings after the other, at
// multiples of eight bytes, and a size of 0 at their end. Mounts that are gone are left out. How many of the ids
// that were, or -errno: -EOVERFLOW where not even the first has room. One call, as for a walk over /proc: a host
// has thousands of mounts.
Value Statmounts(const CallbackInfo &info) {
  Reader in(info);
  size_t bytes, length;
  const uint8_t *ids = in.memory(0, &bytes);
  MountRequest request = {sizeof request, 0, 0, 0, 0};
  request.mnt_ns_id = in.u64(1);
  request.param = in.u64(2);
  uint8_t *data = in.memory(3, &length);
  if (!in.ok()) return {};
  const size_t kEnd = sizeof(uint32_t);
  if (length < kEnd) return errno = EOVERFLOW, answer(info, -1);
  size_t used = 0;
  long done = 0;
  for (size_t at = 0; at + sizeof(uint64_t) <= bytes; at += sizeof(uint64_t), done++) {
    memcpy(&request.mnt_id, ids + at, sizeof(uint64_t));
    size_t room = length - kEnd - used;
    if (syscall(SYS_statmount, &request, data + used, room, 0) == 0) {
      uint32_t size;
      memcpy(&size, data + used, sizeof size);
      size_t next = used + (static_cast<size_t>(size) + 7) / 8 * 8;
      used = next < length - kEnd ? next : length - kEnd;
    } else if (errno == EOVERFLOW && done > 0) {
      break;
    } else if (errno != ENOENT) {
      return answer(info, -1);
    }
  }
  memset(data + used, 0, kEnd);
  return answer(info, done);
}

}  // namespace
