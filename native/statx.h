// statx(2), into one array of words.
#pragma once

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"

// From kernel 6.8; older headers lack it, older kernels leave the bit out of stx_mask.
#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE 0x4000U
#endif

namespace {

// What the last statx of this environment answered: one array that JavaScript reads, because an
// object a call would cost more than the call, and of words, because a double in JavaScript is an
// object again. The order is that of src/sys/stat.ts.
constexpr size_t kStatWords = 20;
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

}  // namespace
