// Folders of /proc: their numbers, and the descriptors of a task. Neither readlink(2) nor fdinfo asks the server of a
// file.
#pragma once

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <linux/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

// struct linux_dirent64 of getdents64(2).
struct Entry {
  uint64_t d_ino;
  int64_t d_off;
  uint16_t d_reclen;
  uint8_t d_type;
  char d_name[1];
};

// Neither atoi nor sscanf: with new headers both ask for a C library that is as new.
template <typename Number>
Number number(const char *text, int base = 10) {
  while (*text == ' ' || *text == '\t') text += 1;
  Number result = 0;
  std::from_chars(text, text + strlen(text), result, base);
  return result;
}

// Calls `visit` with each name that is a number, until it answers false; 0 or -errno.
template <typename Visit>
int eachNumber(int dir, Visit visit) {
  alignas(Entry) char data[8192];
  for (;;) {
    long length = syscall(SYS_getdents64, dir, data, sizeof data);
    if (length <= 0) return length < 0 ? -errno : 0;
    for (long at = 0; at < length;) {
      auto entry = reinterpret_cast<Entry *>(data + at);
      at += entry->d_reclen;
      if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
      if (!visit(entry->d_name)) return 0;
    }
  }
}

// What proc_pid_fdinfo(5) says of a descriptor, which needs no answer of its file's server. `ino` is 0 before
// Linux 5.14.
struct FdInfo {
  uint64_t ino = 0;
  unsigned flags = 0;
};

FdInfo fdInfoAt(int dir, const char *path) {
  FdInfo found;
  char text[512];
  int file = openat(dir, path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return found;
  ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  if (length <= 0) return found;
  text[length] = '\0';
  if (const char *at = strstr(text, "flags:")) found.flags = number<unsigned>(at + 6, 8);
  if (const char *at = strstr(text, "ino:")) found.ino = number<uint64_t>(at + 4);
  return found;
}

FdInfo fdInfo(int proc, int pid, int fd) {
  char path[64];
  snprintf(path, sizeof path, "%d/fdinfo/%d", pid, fd);
  return fdInfoAt(proc, path);
}

// What was seen of a descriptor: whether there is one, and whether it is enough.
enum class Seen { kGone, kThere, kEnough };

// How many descriptors a task has, by its folder's `fd`: the size of that, from Linux 6.2 on. -1 where it is gone.
int64_t countAt(int dir, const char *path) {
  struct statx st;
  return syscall(SYS_statx, dir, path, AT_STATX_DONT_SYNC, STATX_SIZE, &st) < 0 ? -1 : st.stx_size;
}

// Calls `visit` with each descriptor below `path`, "PID/fd", as a path from `dir`. Most tasks have few, with the lowest
// numbers, which are found without a list of them; those of the kernel have none. Not 0 only where it may not be
// listed.
template <typename Visit>
int eachDescriptor(int dir, const char *path, bool isCounted, Visit visit) {
  const int64_t kFew = 8;
  int64_t count = isCounted ? countAt(dir, path) : kFew + 1;
  if (count < 0) return errno;
  if (count == 0) return 0;
  char place[64];
  int next = 0;
  if (count <= kFew) {
    for (int found = 0; next <= count; next++) {
      int fd = next;
      snprintf(place, sizeof place, "%s/%d", path, fd);
      Seen seen = visit(place, fd);
      if (seen == Seen::kEnough) return 0;
      if (seen == Seen::kThere && ++found == count) return 0;
    }
  }
  int list = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (list < 0) return errno;
  eachNumber(list, [&](const char *name) {
    int fd = number<int>(name);
    if (fd < next) return true;
    snprintf(place, sizeof place, "%s/%d", path, fd);
    return visit(place, fd) != Seen::kEnough;
  });
  close(list);
  return 0;
}

}  // namespace
