// Other processes: held, compared, traced and signalled.
#pragma once

#include <csignal>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "call.h"

namespace {

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

// kill(2)
Value Kill(const CallbackInfo &info) {
  Reader in(info);
  int pid = in.i32(0);
  int signal = in.i32(1);
  if (!in.ok()) return {};
  return answer(info, kill(pid, signal));
}

}  // namespace
