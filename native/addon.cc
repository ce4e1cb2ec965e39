// A thin table of system calls: one function a call, named as in its man page, returning what the
// call returned or -errno. No policy and no path is made here. Every descriptor is close-on-exec.
// One translation unit: Node-API's headers take longer to read than all the rest to compile.
#include "answers.h"
#include "files.h"
#include "holders.h"
#include "mounts.h"
#include "namespaces.h"
#include "privileges.h"
#include "processes.h"
#include "signals.h"
#include "sockets.h"
#include "statx.h"
#include "task-files.h"

namespace {

// Of all that the addon and JavaScript have agreed on: one more with each change of it.
constexpr int kLayout = 28;

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
