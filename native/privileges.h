// What is given up before the first name of a container is looked up: identity, capabilities, calls.
#pragma once

#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"

// Of Linux 6.6 and 5.13; these numbers are the same on all architectures.
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_restrict_self 446
#endif

namespace {

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

}  // namespace
