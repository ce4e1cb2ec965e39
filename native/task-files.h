// What one task has open and mapped, as records for JavaScript.
#pragma once

#include <algorithm>
#include <climits>
#include <cstring>
#include <fcntl.h>
#include <linux/stat.h>
#include <memory>
#include <set>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"
#include "proc.h"

namespace {

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

}  // namespace
