// Signals that ask us to end, and the end.
#pragma once

#include <atomic>
#include <csignal>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"

namespace {

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

// exit_group(2): without what Node does at its own end, which needs calls that are forbidden by then and
// takes the exit code along where one of them fails.
Value ExitGroup(const CallbackInfo &info) {
  Reader in(info);
  int status = in.i32(0);
  if (!in.ok()) return {};
  return answer(info, syscall(SYS_exit_group, status));
}

}  // namespace
