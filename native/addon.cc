// A thin table of system calls: one function a call, named as in its man page, returning what the
// call returned or -errno. No policy and no path is made here. Every descriptor is close-on-exec.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <csignal>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <linux/stat.h>
#include <memory>
#include <poll.h>
#include <sched.h>
#include <set>
#include <string>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arguments.h"

// glibc 2.36 declares mount(2) in a header that clashes with linux/mount.h.
extern "C" int mount(const char *, const char *, const char *, unsigned long, const void *) noexcept;

// Of Linux 6.6 and 5.13; these numbers are the same on all architectures.
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_restrict_self 446
#endif

// Of Linux 6.8. On these numbers, too, all architectures agree.
#ifndef SYS_statmount
#define SYS_statmount 457
#define SYS_listmount 458
#endif

// From kernel 6.8; older headers lack it, older kernels leave the bit out of stx_mask.
#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE 0x4000U
#endif

namespace {

using arguments::Path;
using arguments::Reader;
using Napi::CallbackInfo;
using Napi::Value;

Value answer(const CallbackInfo &info, long result) {
  return Napi::Number::New(info.Env(), static_cast<double>(result < 0 ? -errno : result));
}

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

// What the last statx of this environment answered: one array that JavaScript reads, because an
// object a call would cost more than the call, and of words, because a double in JavaScript is an
// object again. The order is that of src/sys/stat.ts.
constexpr size_t kStatWords = 20;
// Of all that the addon and JavaScript have agreed on: one more with each change of it.
constexpr int kLayout = 28;
struct Instance {
  uint32_t *stat;
  Napi::Reference<Napi::Uint32Array> array;
};

// 64 bits take two words, the high one first.
void put64(uint32_t *out, uint64_t value) {
  out[0] = static_cast<uint32_t>(value >> 32);
  out[1] = static_cast<uint32_t>(value);
}

void putTime(uint32_t *out, const struct statx_timestamp &time) {
  put64(out, static_cast<uint64_t>(time.tv_sec));
  out[2] = time.tv_nsec;
}

// statx(2)
Value Statx(const CallbackInfo &info) {
  Reader in(info);
  int dirfd = in.fd(0);
  Path path;
  in.path(1, &path);
  int flags = in.i32(2);
  if (!in.ok()) return {};
  struct statx st = {};
  unsigned mask = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID | STATX_MNT_ID_UNIQUE;
  if (syscall(SYS_statx, dirfd, path.c_str(), flags, mask, &st) < 0) return answer(info, -1);
  uint32_t *out = info.Env().GetInstanceData<Instance>()->stat;
  out[0] = st.stx_mask;
  out[1] = st.stx_mode;
  out[2] = st.stx_nlink;
  // Of a set bit outside stx_attributes_mask nothing follows. No known one is in the high word.
  out[3] = static_cast<uint32_t>(st.stx_attributes & st.stx_attributes_mask);
  out[4] = st.stx_dev_major;
  out[5] = st.stx_dev_minor;
  put64(out + 6, st.stx_ino);
  put64(out + 8, st.stx_size);
  put64(out + 10, st.stx_mnt_id);
  putTime(out + 12, st.stx_ctime);
  putTime(out + 15, st.stx_btime);
  out[18] = st.stx_rdev_major;
  out[19] = st.stx_rdev_minor;
  return answer(info, 0);
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

// What was seen of a descriptor: whether there is one, and whether it is enough.
enum class Seen { kGone, kThere, kEnough };

// How many descriptors a task has, by its folder's `fd`: the size of that, from Linux 6.2 on. -1 where it is gone.
int64_t countAt(int dir, const char *path) {
  struct statx st;
  return syscall(SYS_statx, dir, path, AT_STATX_DONT_SYNC, STATX_SIZE, &st) < 0 ? -1 : st.stx_size;
}

// Calls `visit` with each descriptor below `path`, "PID/fd", as a path from `dir`. Most tasks have few, with the lowest
// numbers, which are found without a list of them; those of the kernel have none. Not 0 only where it may not be listed.
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

// One of a task's files, as it is written for JavaScript: this, then the path, at multiples of eight.
struct Unlinked {
  uint32_t length;
  uint32_t kind;
  uint64_t from, to;
  uint64_t ino, mnt_id;
  uint32_t major, minor, nlink, mode;
};

enum : uint32_t { kDescriptor = 1, kMapping = 2, kExecutable = 3, kQueue = 4, kUnread = 5, kSocket = 6, kParasite = 7 };
enum : uint32_t { kDescriptors = 1, kMemory = 2, kSockets = 4 };

// What CRIU puts into a task that it dumps.
constexpr char kParasiteFile[] = "/memfd:CRIUMFD (deleted)";

// Of files whose file system was not asked.
constexpr uint32_t kUnknown = UINT32_MAX;

class TaskFiles {
 public:
  TaskFiles(int task, uint32_t what, uint8_t *data, size_t size)
      : task_(task), what_(what), data_(data), size_(size) {}

  // Instead of files that have lost their name: those with one of these inode numbers, of which the low halves are
  // given, in order. Not `mayAsk`: a look at a file may wait for its server.
  void only(const uint32_t *inodes, size_t count, bool mayAsk) {
    inodes_ = inodes, count_ = count, mayAsk_ = mayAsk;
  }

  void walk() {
    descriptors();
    memory();
  }

  bool full() const { return full_; }
  size_t used() const { return used_; }

 private:
  bool seeks(uint32_t what) const { return (what_ & what) != 0; }

  // A file of the task by its magic link in `dir`. Only what has lost its name: the kernel writes that behind it,
  // and file systems of other machines give it a name of their own.
  void look(int dir, const char *link, uint32_t kind, uint64_t from, uint64_t to) {
    char path[PATH_MAX + 1];
    ssize_t length = readlinkat(dir, link, path, sizeof path - 1);
    if (length < 0) {
      // Closed meanwhile, or a descriptor of a task that ended.
      if (errno != ENOENT && errno != ESRCH) unread(kind, link);
      return;
    }
    if (kind == kDescriptor && starts(path, length, kSocketName)) {
      path[length] = '\0';
      return socket(link, from, path);
    }
    if (inodes_ == nullptr ? !lost(path, length) : path[0] != '/') return;
    if (isParasite(path, static_cast<size_t>(length))) return add(parasite(from, to), "", 0);
    if (kind == kDescriptor && !seeks(kDescriptors)) return;
    if (!mayAsk_) return unasked(link, kind, from, path, static_cast<size_t>(length));
    struct statx st = {};
    int flags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
    if (syscall(SYS_statx, dir, link, flags, STATX_BASIC_STATS | STATX_MNT_ID, &st) < 0) {
      if (errno != ENOENT && errno != ESRCH) unread(kind, link);
      return;
    }
    if (!wanted(st.stx_ino)) return;
    if (kind == kDescriptor && inodes_ == nullptr) {
      // As maps has it.
      char file[64];
      int size = snprintf(file, sizeof file, "%02x:%02x %llu ", st.stx_dev_major, st.stx_dev_minor,
                          static_cast<unsigned long long>(st.stx_ino));
      open_.emplace(std::string(file, static_cast<size_t>(size)).append(path, static_cast<size_t>(length)));
    }
    Unlinked found = {0, kind, from, to, st.stx_ino, st.stx_mnt_id, st.stx_dev_major,
                      st.stx_dev_minor, st.stx_nlink, st.stx_mode};
    add(found, path, static_cast<size_t>(length));
  }

  void descriptors() {
    if (!seeks(kDescriptors | kSockets)) return;
    int dir = openat(task_, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) return unread("fd");
    int result = eachNumber(dir, [&](const char *fd) {
      look(dir, fd, kDescriptor, number<uint64_t>(fd), 0);
      return !full_;
    });
    close(dir);
    if (result < 0) errno = -result, unread("fd");
  }

  // maps has a line for each mapping; its name ends as that of a link does.
  void memory() {
    if (!seeks(kMemory | kSockets)) return;
    if (seeks(kMemory)) {
      look(task_, "exe", kExecutable, 0, 0);
      maps_ = openat(task_, "map_files", O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    int file = openat(task_, "maps", O_RDONLY | O_CLOEXEC);
    if (file < 0) return unread("maps");
    char text[16384];
    size_t held = 0;
    ssize_t length;
    while ((length = read(file, text + held, sizeof text - held)) > 0) {
      held += static_cast<size_t>(length);
      size_t at = 0;
      while (char *end = static_cast<char *>(memchr(text + at, '\n', held - at))) {
        *end = '\0';
        mapping(text + at, static_cast<size_t>(end - text) - at);
        at = static_cast<size_t>(end - text) + 1;
      }
      memmove(text, text + at, held -= at);
      // No line is that long.
      if (held == sizeof text) held = 0;
    }
    if (length < 0) unread("maps");
    close(file);
    if (maps_ >= 0) close(maps_);
  }

  static bool starts(const char *text, ssize_t length, const char *with) {
    size_t size = strlen(with);
    return static_cast<size_t>(length) >= size && memcmp(text, with, size) == 0;
  }

  static bool lost(const char *path, ssize_t length) {
    static const char kMark[] = " (deleted)";
    const ssize_t size = sizeof kMark - 1;
    if (length > size && memcmp(path + length - size, kMark, static_cast<size_t>(size)) == 0) return true;
    auto slash = static_cast<const char *>(memrchr(path, '/', static_cast<size_t>(length)));
    if (slash == nullptr) return false;
    ssize_t rest = length - (slash - path);
    return starts(slash, rest, "/.nfs") || starts(slash, rest, "/.fuse_hidden");
  }

  // Where the file is only matched by its number, which fdinfo has; `exe` has none, and is mapped in any case.
  void unasked(const char *link, uint32_t kind, uint64_t from, const char *path, size_t length) {
    if (kind != kDescriptor) return;
    char info[64];
    snprintf(info, sizeof info, "fdinfo/%.20s", link);
    uint64_t ino = fdInfoAt(task_, info).ino;
    if (wanted(ino)) add(unknown(kind, from, 0, ino), path, length);
  }

  // Memory of CRIU's own, which is no file of the task's.
  bool isParasite(const char *path, size_t length) const {
    return seeks(kSockets) && length == strlen(kParasiteFile) && memcmp(path, kParasiteFile, length) == 0;
  }

  static Unlinked parasite(uint64_t from, uint64_t to) { return {0, kParasite, from, to, 0, 0, 0, 0, 0, 0}; }

  static Unlinked unknown(uint32_t kind, uint64_t from, uint64_t to, uint64_t ino) {
    return {0, kind, from, to, ino, 0, kUnknown, kUnknown, 1, S_IFREG};
  }

  bool wanted(uint64_t ino) const {
    return inodes_ == nullptr || std::binary_search(inodes_, inodes_ + count_, static_cast<uint32_t>(ino));
  }

  // "7f0a-7f0b r--p 00000000 fe:00 1234   /path (deleted)"; one file may have many, one after the other.
  void mapping(const char *line, size_t length) {
    const char *path = static_cast<const char *>(memchr(line, '/', length));
    if (path == nullptr) return;
    size_t size = length - static_cast<size_t>(path - line);
    if (inodes_ == nullptr && !lost(path, static_cast<ssize_t>(size))) return;
    uint64_t from = number<uint64_t>(line, 16);
    const char *dash = strchr(line, '-');
    uint64_t to = dash == nullptr ? 0 : number<uint64_t>(dash + 1, 16);
    if (isParasite(path, size)) return add(parasite(from, to), "", 0);
    if (!seeks(kMemory)) return;
    // Device, inode and name are behind the third blank.
    const char *file = line;
    for (int blanks = 0; file != nullptr && blanks < 3; blanks++) file = strchr(file + 1, ' ');
    if (file == nullptr || last_ == file) return;
    last_ = file;
    const char *inode = inodes_ == nullptr ? nullptr : strchr(file + 1, ' ');
    uint64_t ino = inode == nullptr ? 0 : number<uint64_t>(inode);
    if (inode != nullptr && !wanted(ino)) return;
    if (!mayAsk_) return add(unknown(kMapping, from, to, ino), path, size);
    // One that is open as well was seen already.
    const char *blank = strchr(file + 1, ' ');
    blank = blank == nullptr ? nullptr : strchr(blank + 1, ' ');
    if (blank != nullptr && open_.count(std::string(file + 1, blank + 1).append(path)) > 0) return;
    char link[64];
    snprintf(link, sizeof link, "%llx-%llx", static_cast<unsigned long long>(from),
             static_cast<unsigned long long>(to));
    if (maps_ < 0) return errno = EACCES, unread("map_files");
    look(maps_, link, kMapping, from, to);
  }

  void socket(const char *link, uint64_t fd, const char *path) {
    uint64_t inode = number<uint64_t>(path + strlen(kSocketName));
    if (seeks(kSockets)) add({0, kSocket, fd, 0, inode, 0, 0, 0, 0, 0}, "", 0);
    if (seeks(kDescriptors)) queue(link, fd);
  }

  // Files that wait in a socket of the Unix family, of which fdinfo tells the number.
  void queue(const char *link, uint64_t fd) {
    char text[64];
    snprintf(text, sizeof text, "fdinfo/%.20s", link);
    int file = openat(task_, text, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    char info[512];
    ssize_t length = read(file, info, sizeof info - 1);
    close(file);
    if (length <= 0) return;
    info[length] = '\0';
    const char *at = strstr(info, "scm_fds:");
    uint64_t count = at == nullptr ? 0 : number<uint64_t>(at + strlen("scm_fds:"));
    if (count > 0) add({0, kQueue, fd, count, 0, 0, 0, 0, 0, 0}, "", 0);
  }

  void unread(uint32_t kind, const char *link) {
    int error = errno;
    char what[64];
    const char *dir = kind == kDescriptor ? "fd/" : kind == kMapping ? "map_files/" : "";
    snprintf(what, sizeof what, "%s%.40s", dir, link);
    errno = error;
    unread(what);
  }

  void unread(const char *what) {
    int error = errno;
    add({0, kUnread, static_cast<uint64_t>(error), 0, 0, 0, 0, 0, 0, 0}, what, strlen(what));
  }

  void add(Unlinked record, const char *path, size_t length) {
    size_t whole = sizeof record + (length + 7) / 8 * 8;
    if (full_ || size_ - used_ < whole) {
      full_ = true;
      return;
    }
    record.length = static_cast<uint32_t>(sizeof record + length);
    memcpy(data_ + used_, &record, sizeof record);
    memcpy(data_ + used_ + sizeof record, path, length);
    used_ += whole;
  }

  static constexpr char kSocketName[] = "socket:[";

  int task_;
  uint32_t what_;
  uint8_t *data_;
  size_t size_, used_ = 0;
  bool full_ = false;
  int maps_ = -1;
  std::string last_;
  // Device, inode and path of files without a name that the task has open.
  std::set<std::string> open_;
  const uint32_t *inodes_ = nullptr;
  size_t count_ = 0;
  bool mayAsk_ = true;
};

Value filesOf(const CallbackInfo &info, TaskFiles &files) {
  files.walk();
  if (files.full()) return errno = EOVERFLOW, answer(info, -1);
  return answer(info, static_cast<long>(files.used()));
}

// The files of a task, by an fd of its folder in /proc, that have lost their name: of its descriptors (1) and of its
// memory (2); also all of its sockets, and what CRIU put into it (4). The length in bytes of what was found, or
// -EOVERFLOW. One call, because a container has tens of thousands.
Value UnlinkedFilesOf(const CallbackInfo &info) {
  Reader in(info);
  int task = in.fd(0);
  uint32_t what = in.u32(1);
  size_t size;
  uint8_t *data = in.memory(2, &size);
  if (!in.ok()) return {};
  TaskFiles files(task, what, data, size);
  return filesOf(info, files);
}

// The same of files with one of these inodes, whatever their name: low halves of the numbers, ascending, 32 bits each.
// Where the files may not be asked for, a number alone decides, and the device is 2^32 - 1.
Value HeldFilesOf(const CallbackInfo &info) {
  Reader in(info);
  int task = in.fd(0);
  uint32_t what = in.u32(1);
  size_t bytes, size;
  uint8_t *inodes = in.memory(2, &bytes);
  int mayAsk = in.i32(3);
  uint8_t *data = in.memory(4, &size);
  if (!in.ok()) return {};
  // Neither a vector nor a hash table: both ask for a C++ library that is as new as the compiler.
  size_t count = bytes / sizeof(uint32_t);
  std::unique_ptr<uint32_t[]> numbers(new uint32_t[count + 1]);
  memcpy(numbers.get(), inodes, count * sizeof(uint32_t));
  TaskFiles files(task, what, data, size);
  files.only(numbers.get(), count, mayAsk != 0);
  return filesOf(info, files);
}

// pidfd_open(2)
Value PidfdOpen(const CallbackInfo &info) {
  Reader in(info);
  int pid = in.i32(0);
  if (!in.ok()) return {};
  return answer(info, syscall(SYS_pidfd_open, pid, 0));
}

// pidfd_getfd(2)
Value PidfdGetfd(const CallbackInfo &info) {
  Reader in(info);
  int pidfd = in.fd(0);
  int fd = in.i32(1);
  if (!in.ok()) return {};
  return answer(info, syscall(SYS_pidfd_getfd, pidfd, fd, 0));
}

// kcmp(2) of what both have of a kind: 0 for the same.
Value Kcmp(const CallbackInfo &info) {
  Reader in(info);
  int first = in.i32(0);
  int second = in.i32(1);
  int type = in.i32(2);
  if (!in.ok()) return {};
  return answer(info, syscall(SYS_kcmp, first, second, type, 0, 0));
}

// Where the next look into a socket's queue begins (SO_PEEK_OFF of socket(7)): the offset before, or -errno.
Value PeekFrom(const CallbackInfo &info) {
  Reader in(info);
  int fd = in.fd(0);
  int offset = in.i32(1);
  if (!in.ok()) return {};
  int before = 0;
  socklen_t size = sizeof before;
  if (getsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &before, &size) < 0) return answer(info, -1);
  if (setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset) < 0) return answer(info, -1);
  // -1 is an offset like others.
  return answer(info, before + 1);
}

// getsockopt(2) of an option that is a number, and never a negative one.
Value Getsockopt(const CallbackInfo &info) {
  Reader in(info);
  int fd = in.fd(0);
  int level = in.i32(1);
  int name = in.i32(2);
  if (!in.ok()) return {};
  int value = 0;
  socklen_t size = sizeof value;
  if (getsockopt(fd, level, name, &value, &size) < 0) return answer(info, -1);
  return answer(info, value);
}

// setsockopt(2) of an option that is a number.
Value Setsockopt(const CallbackInfo &info) {
  Reader in(info);
  int fd = in.fd(0);
  int level = in.i32(1);
  int name = in.i32(2);
  int value = in.i32(3);
  if (!in.ok()) return {};
  return answer(info, setsockopt(fd, level, name, &value, sizeof value));
}

// Whether what a netlink socket answered ends here: with the last message of a dump, or an error.
bool isEnd(const uint8_t *data, size_t length) {
  for (size_t at = 0; at + sizeof(nlmsghdr) <= length;) {
    nlmsghdr header;
    memcpy(&header, data + at, sizeof header);
    if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) return true;
    if (header.nlmsg_len < sizeof header) return true;
    at += NLMSG_ALIGN(header.nlmsg_len);
  }
  return length == 0;
}

// netlink(7): one request that asks for a dump, and all messages of the answer. Their length, or -errno; -EOVERFLOW
// where there is no room. One call, because it is asked in each network namespace of a machine.
Value Netlink(const CallbackInfo &info) {
  Reader in(info);
  int protocol = in.i32(0);
  size_t size, room;
  uint8_t *request = in.memory(1, &size);
  uint8_t *data = in.memory(2, &room);
  if (!in.ok()) return {};
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (fd < 0) return answer(info, -1);
  ssize_t result = send(fd, request, size, 0);
  size_t used = 0;
  while (result >= 0) {
    // What does not fit would be cut without a word.
    result = recv(fd, data + used, room - used, MSG_TRUNC);
    if (result < 0 && errno == EINTR) {
      result = 0;
      continue;
    }
    if (result < 0) break;
    if (static_cast<size_t>(result) > room - used) {
      errno = EOVERFLOW;
      result = -1;
      break;
    }
    size_t begin = used;
    used += static_cast<size_t>(result);
    if (isEnd(data + begin, used - begin)) break;
  }
  int error = errno;
  close(fd);
  errno = error;
  return answer(info, result < 0 ? -1 : static_cast<long>(used));
}

// ptrace(2) of a request whose data is a number: PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH.
Value Ptrace(const CallbackInfo &info) {
  Reader in(info);
  int request = in.i32(0);
  int tid = in.i32(1);
  int data = in.i32(2);
  if (!in.ok()) return {};
  return answer(info, syscall(SYS_ptrace, request, tid, 0, data));
}

// The same of one that reads or writes the signals that a stopped thread blocks: PTRACE_GETSIGMASK, PTRACE_SETSIGMASK.
Value PtraceSigmask(const CallbackInfo &info) {
  Reader in(info);
  int request = in.i32(0);
  int tid = in.i32(1);
  size_t size;
  uint8_t *mask = in.memory(2, &size);
  if (!in.ok()) return {};
  return answer(info, syscall(SYS_ptrace, request, tid, size, mask));
}

// waitpid(2) for a thread that is traced, without waiting: its status, 0 where there is none yet, or -errno.
Value Waitpid(const CallbackInfo &info) {
  Reader in(info);
  int tid = in.i32(0);
  if (!in.ok()) return {};
  int status = 0;
  pid_t result = waitpid(tid, &status, __WALL | WNOHANG);
  return answer(info, result > 0 ? status : result);
}

// recvmsg(2) that takes nothing: copies of the files in the next message, which the caller closes. How many, or
// -errno; -EAGAIN past the last message.
Value PeekFiles(const CallbackInfo &info) {
  Reader in(info);
  int fd = in.fd(0);
  size_t size;
  uint8_t *fds = in.memory(1, &size);
  if (!in.ok()) return {};
  char byte[65536];
  struct iovec data = {byte, sizeof byte};
  // SCM_MAX_FD of unix(7) is 253.
  alignas(struct cmsghdr) char control[CMSG_SPACE(253 * sizeof(int)) + 512];
  struct msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t length = recvmsg(fd, &message, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (length < 0) return answer(info, -1);
  long count = 0;
  for (auto *part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    size_t bytes = part->cmsg_len - CMSG_LEN(0);
    for (size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int), count++) {
      int received;
      memcpy(&received, CMSG_DATA(part) + at, sizeof received);
      if ((static_cast<size_t>(count) + 1) * sizeof(int) <= size)
        memcpy(fds + static_cast<size_t>(count) * sizeof(int), &received, sizeof received);
      else
        close(received);
    }
  }
  if (length == 0 && count == 0) return errno = EAGAIN, answer(info, -1);
  return answer(info, count);
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

// prctl(2)
Value Prctl(const CallbackInfo &info) {
  Reader in(info);
  int operation = in.i32(0);
  uint64_t second = in.u64(1);
  if (!in.ok()) return {};
  return answer(info, prctl(operation, second, 0UL, 0UL, 0UL));
}

// capset(2) of the calling thread; no capability is inheritable.
Value Capset(const CallbackInfo &info) {
  Reader in(info);
  uint64_t effective = in.u64(0);
  uint64_t permitted = in.u64(1);
  if (!in.ok()) return {};
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {};
  for (int word = 0; word < 2; word++) {
    data[word].effective = static_cast<uint32_t>(effective >> (32 * word));
    data[word].permitted = static_cast<uint32_t>(permitted >> (32 * word));
  }
  return answer(info, syscall(SYS_capset, &header, data));
}

// setgroups(2) to none, by the C library: of every thread.
Value Setgroups(const CallbackInfo &info) { return answer(info, setgroups(0, nullptr)); }

// setresuid(2) by the C library, which has every thread of the process do it (nptl(7)).
Value Setresuid(const CallbackInfo &info) {
  Reader in(info);
  uint32_t uid = in.u32(0);
  if (!in.ok()) return {};
  return answer(info, setresuid(uid, uid, uid));
}

// setresuid(2) itself: of the calling thread alone.
Value ThreadSetresuid(const CallbackInfo &info) {
  Reader in(info);
  uint32_t uid = in.u32(0);
  if (!in.ok()) return {};
  return answer(info, syscall(SYS_setresuid, uid, uid, uid));
}

// seccomp(2) with a filter: an array of struct sock_filter.
Value Seccomp(const CallbackInfo &info) {
  Reader in(info);
  uint32_t flags = in.u32(0);
  size_t length;
  uint8_t *data = in.memory(1, &length);
  if (!in.ok()) return {};
  struct sock_fprog program = {};
  program.len = static_cast<unsigned short>(length / sizeof(struct sock_filter));
  program.filter = reinterpret_cast<struct sock_filter *>(data);
  return answer(info, syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
}

// landlock_create_ruleset(2), which has no wrapper: of these rights to files. No right: the version.
Value LandlockCreateRuleset(const CallbackInfo &info) {
  Reader in(info);
  uint64_t rights = in.u64(0);
  if (!in.ok()) return {};
  if (rights == 0)
    return answer(info, syscall(SYS_landlock_create_ruleset, nullptr, 0, 1 /* ..._VERSION */));
  return answer(info, syscall(SYS_landlock_create_ruleset, &rights, sizeof rights, 0));
}

// landlock_restrict_self(2), of the calling thread.
Value LandlockRestrictSelf(const CallbackInfo &info) {
  Reader in(info);
  int fd = in.fd(0);
  if (!in.ok()) return {};
  return answer(info, syscall(SYS_landlock_restrict_self, fd, 0));
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

// exit_group(2): without what Node does at its own end, which needs calls that are forbidden by then and
// takes the exit code along where one of them fails.
Value ExitGroup(const CallbackInfo &info) {
  Reader in(info);
  int status = in.i32(0);
  if (!in.ok()) return {};
  return answer(info, syscall(SYS_exit_group, status));
}

// The first signal that was only noted, and how many of them came.
std::atomic<int> noted{0};
std::atomic<int> insisted{0};
static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler takes no lock");

// On whatever thread the kernel chooses. timeout(1) sends a signal twice: who sends a third one insists.
void Note(int signal) {
  int none = 0;
  noted.compare_exchange_strong(none, signal);
  if (insisted.fetch_add(1) >= 2) syscall(SYS_exit_group, 128 + signal);
}

// sigaction(2): the signal is noted from now on, or by 0 does what it does by default.
Value Sigaction(const CallbackInfo &info) {
  Reader in(info);
  int signal = in.i32(0);
  int notes = in.i32(1);
  if (!in.ok()) return {};
  struct sigaction action = {};
  action.sa_handler = notes ? Note : SIG_DFL;
  action.sa_flags = SA_RESTART;
  return answer(info, sigaction(signal, &action, nullptr));
}

// The first signal that was noted, or 0.
Value Noted(const CallbackInfo &info) { return answer(info, noted.load()); }

// kill(2)
Value Kill(const CallbackInfo &info) {
  Reader in(info);
  int pid = in.i32(0);
  int signal = in.i32(1);
  if (!in.ok()) return {};
  return answer(info, kill(pid, signal));
}

// Numbers of system calls, which differ between architectures, for the seccomp filter.
Napi::Object Numbers(Napi::Env env) {
  auto numbers = Napi::Object::New(env);
#define NUMBER(name) numbers.Set(#name, Napi::Number::New(env, SYS_##name))
  NUMBER(mount), NUMBER(umount2), NUMBER(pivot_root), NUMBER(chroot);
  NUMBER(open_tree), NUMBER(move_mount), NUMBER(mount_setattr);
  NUMBER(fsopen), NUMBER(fsconfig), NUMBER(fsmount), NUMBER(fspick);
  NUMBER(unshare), NUMBER(setns), NUMBER(execve), NUMBER(execveat);
  NUMBER(ptrace), NUMBER(process_vm_readv), NUMBER(process_vm_writev), NUMBER(pidfd_getfd);
  NUMBER(kill), NUMBER(tkill), NUMBER(tgkill), NUMBER(pidfd_send_signal);
  NUMBER(rt_sigqueueinfo), NUMBER(rt_tgsigqueueinfo);
  NUMBER(renameat2), NUMBER(linkat), NUMBER(symlinkat), NUMBER(mkdirat), NUMBER(mknodat);
  NUMBER(fchmod), NUMBER(fchmodat), NUMBER(fchmodat2), NUMBER(fchown), NUMBER(fchownat);
  NUMBER(truncate), NUMBER(ftruncate), NUMBER(fallocate);
  NUMBER(setxattr), NUMBER(lsetxattr), NUMBER(fsetxattr);
  NUMBER(removexattr), NUMBER(lremovexattr), NUMBER(fremovexattr), NUMBER(utimensat);
  NUMBER(socket), NUMBER(socketpair), NUMBER(connect), NUMBER(bind);
  NUMBER(bpf), NUMBER(io_uring_setup), NUMBER(io_uring_enter), NUMBER(io_uring_register);
  NUMBER(init_module), NUMBER(finit_module);
  NUMBER(kexec_load), NUMBER(reboot), NUMBER(unlinkat), NUMBER(openat);
#ifdef SYS_rename
  // Calls of older architectures, which newer ones have only in their *at form.
  NUMBER(rename), NUMBER(renameat), NUMBER(link), NUMBER(symlink), NUMBER(mkdir), NUMBER(mknod);
  NUMBER(chmod), NUMBER(chown), NUMBER(lchown), NUMBER(unlink), NUMBER(rmdir), NUMBER(creat);
  NUMBER(open), NUMBER(utime), NUMBER(utimes), NUMBER(futimesat);
#endif
#undef NUMBER
  return numbers;
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto array = Napi::Uint32Array::New(env, kStatWords);
  env.SetInstanceData(new Instance{array.Data(), Napi::Persistent(array)});
  exports.Set("stat", array);
  exports.Set("numbers", Numbers(env));
  exports.Set("layout", Napi::Number::New(env, kLayout));
  const struct {
    const char *name;
    Value (*function)(const CallbackInfo &);
  } table[] = {
      {"unshare", Unshare},       {"setns", Setns},           {"mount", Mount},
      {"openat", Openat},         {"openat2", Openat2},       {"open_tree", OpenTree},
      {"move_mount", MoveMount},  {"mount_setattr", MountSetattr},
      {"fsopen", Fsopen},         {"fsconfig", Fsconfig},     {"fsmount", Fsmount},
      {"statx", Statx},           {"unlinkat", Unlinkat},     {"mkdirat", Mkdirat},
      {"getdents64", Getdents64}, {"readlinkat", Readlinkat}, {"flock", Flock},
      {"find_holders", FindHolders},
      {"unlinked_files", UnlinkedFilesOf}, {"held_files", HeldFilesOf},
      {"pidfd_open", PidfdOpen},  {"pidfd_getfd", PidfdGetfd}, {"kcmp", Kcmp},
      {"peek_from", PeekFrom},    {"peek_files", PeekFiles},
      {"getsockopt", Getsockopt}, {"setsockopt", Setsockopt},  {"netlink", Netlink},
      {"ptrace", Ptrace},         {"ptrace_sigmask", PtraceSigmask}, {"waitpid", Waitpid},
      {"chdir", Chdir},           {"fchdir", Fchdir},         {"chroot", Chroot},
      {"listmount", Listmount},   {"statmount", Statmount},   {"statmounts", Statmounts},   {"ioctl_nsfs", IoctlNsfs},
      {"prctl", Prctl},           {"capset", Capset},
      {"setgroups", Setgroups},   {"setresuid", Setresuid},
      {"thread_setresuid", ThreadSetresuid},
      {"seccomp", Seccomp},       {"isatty", Isatty}, {"exit_group", ExitGroup},
      {"landlock_create_ruleset", LandlockCreateRuleset},
      {"landlock_restrict_self", LandlockRestrictSelf},
      {"faccessat", Faccessat},   {"faccessat2", Faccessat2}, {"answers", Answers},
      {"close", Close},           {"sigaction", Sigaction},   {"noted", Noted},
      {"kill", Kill},
  };
  for (const auto &call : table)
    exports.Set(call.name, Napi::Function::New(env, call.function, call.name));
  return exports;
}

}  // namespace

NODE_API_MODULE(syscalls, Init)
