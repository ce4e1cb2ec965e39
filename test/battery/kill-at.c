// Runs a command and stops its main thread at the entry of one system call: to kill the process there,
// or to have the call answer what it is told without doing it.
//
//   kill-at count MARK COMMAND...              names of the calls from the first MARK on, to fd 3
//   kill-at kill MARK N COMMAND...             SIGKILL at the N-th of them; its name to fd 3
//   kill-at kill-in MARK NAME N COMMAND...     SIGKILL at the N-th NAME of them; NAME to fd 3
//   kill-at answer MARK NAME N VALUE COMMAND...  the N-th NAME from MARK on answers VALUE; NAME to fd 3
//   kill-at signal MARK N SIGNALS COMMAND...   the signals of these numbers, as in "1,15", come at the N-th of them; its
//                                              name to fd 3, and "killed" or "exited": how the command ended
//   kill-at signal-in MARK NAME N SIGNALS COMMAND...  the same at the N-th NAME of them
//   kill-at signal-answer MARK NAME N SIGNALS THEN VALUE COMMAND...  the same, and the first THEN after it answers VALUE,
//                                              whose name comes next
//   kill-at pause MARK COMMAND...              waits at the first MARK for the end of standard input; the
//                                              process id to fd 3
//   kill-at pause-at MARK N COMMAND...         the same at the N-th call from there on, whose name comes next
//   kill-at pause-in MARK NAME N COMMAND...    the same at the N-th NAME of them
//
// Exits as the command does, with 128 + signal where one ended it. The command's environment has
// nothing but PATH, and its standard input is empty. Only the main thread is traced: nothing but it calls MARK, and tracing the others
// would change when they run.
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

// Made of the C library's headers by whoever compiles this: [number] = "name".
static const char *const names[] = {
#include "names.h"
};
enum { NAMES = sizeof names / sizeof *names };

// The beginning of struct ptrace_syscall_info, which C libraries name differently.
struct call {
  uint8_t op, pad[3];
  uint32_t arch;
  uint64_t instruction, stack, number;
};

static void fail(const char *what) {
  perror(what);
  exit(125);
}

static int number_of(const char *name) {
  for (int number = 0; number < NAMES; number++)
    if (names[number] && strcmp(names[number], name) == 0) return number;
  fprintf(stderr, "kill-at: no system call %s\n", name);
  exit(125);
}

static void tell(int number) {
  const char *name = number >= 0 && number < NAMES && names[number] ? names[number] : "?";
  dprintf(3, "%s\n", name);
}

// Everything up to the mark runs at full speed: the kernel stops the thread there and nowhere before.
static void stop_at(int mark) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, mark, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0) fail("seccomp");
}

static pid_t start(char **command, int mark) {
  const char *path = getenv("PATH");
  pid_t pid = fork();
  if (pid < 0) fail("fork");
  if (pid == 0) {
    raise(SIGSTOP);
    clearenv();
    if (path) setenv("PATH", path, 1);
    close(3);
    if (!freopen("/dev/null", "r", stdin)) fail("/dev/null");
    stop_at(mark);
    execvp(command[0], command);
    fail(command[0]);
  }
  int status;
  if (waitpid(pid, &status, WUNTRACED) < 0) fail("waitpid");
  long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP;
  if (ptrace(PTRACE_SEIZE, pid, 0, options) < 0) fail("PTRACE_SEIZE");
  kill(pid, SIGCONT);
  return pid;
}

// A number that no call has makes the kernel skip it and answer what is in the result register.
static void skip(pid_t pid) {
#if defined(__x86_64__)
  if (ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax), -1L) < 0)
    fail("skip");
#elif defined(__aarch64__)
  int none = -1;
  struct iovec number = {&none, sizeof none};
  if (ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &number) < 0) fail("skip");
#else
#error "kill-at.c does not know this architecture"
#endif
}

static void answer(pid_t pid, long value) {
#if defined(__x86_64__)
  if (ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax), value) < 0)
    fail("answer");
#else
  struct user_regs_struct registers;
  struct iovec all = {&registers, sizeof registers};
  if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &all) < 0) fail("answer");
  registers.regs[0] = (unsigned long)value;
  if (ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &all) < 0) fail("answer");
#endif
}

static int ended(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// To the thread that is stopped: it takes them when this call is done and not a moment later, as another one might.
static void send_all(pid_t pid, const char *signals) {
  for (char *end; *signals; signals = *end == ',' ? end + 1 : end) {
    long number = strtol(signals, &end, 10);
    if (end == signals || syscall(SYS_tgkill, pid, pid, (int)number) < 0) fail(signals);
  }
}

// Instead of the number of a call: nothing more is to be seen, the thread may run.
enum { REST = -2, ANY = -1 };
enum mode { COUNT, KILL, SIGNAL, ANSWER, PAUSE };
struct task {
  enum mode mode;
  int mark;
  int number;  // of the call to answer or to die at
  long nth;
  long value;
  const char *signals;
  int tells;  // the name of the call at which it paused
  int then;  // the call that answers `value` once the signals have been sent; REST: none
};

int main(int argc, char **argv) {
  struct task task = {.then = REST};
  int used = 3;
  if (argc > 3 && strcmp(argv[1], "count") == 0) task.mode = COUNT;
  else if (argc > 3 && strcmp(argv[1], "pause") == 0) {
    task.mode = PAUSE;
    task.number = ANY;
    task.nth = 1;
  } else if (argc > 4 && strcmp(argv[1], "pause-at") == 0) {
    task.mode = PAUSE;
    task.number = ANY;
    task.nth = atol(argv[3]);
    task.tells = 1;
    used = 4;
  } else if (argc > 5 && strcmp(argv[1], "pause-in") == 0) {
    task.mode = PAUSE;
    task.number = number_of(argv[3]);
    task.nth = atol(argv[4]);
    task.tells = 1;
    used = 5;
  } else if (argc > 4 && strcmp(argv[1], "kill") == 0) {
    task.mode = KILL;
    task.number = ANY;
    task.nth = atol(argv[3]);
    used = 4;
  } else if (argc > 5 && strcmp(argv[1], "kill-in") == 0) {
    task.mode = KILL;
    task.number = number_of(argv[3]);
    task.nth = atol(argv[4]);
    used = 5;
  } else if (argc > 5 && strcmp(argv[1], "signal") == 0) {
    task.mode = SIGNAL;
    task.number = ANY;
    task.nth = atol(argv[3]);
    task.signals = argv[4];
    used = 5;
  } else if (argc > 6 && strcmp(argv[1], "signal-in") == 0) {
    task.mode = SIGNAL;
    task.number = number_of(argv[3]);
    task.nth = atol(argv[4]);
    task.signals = argv[5];
    used = 6;
  } else if (argc > 8 && strcmp(argv[1], "signal-answer") == 0) {
    task.mode = SIGNAL;
    task.number = number_of(argv[3]);
    task.nth = atol(argv[4]);
    task.signals = argv[5];
    task.then = number_of(argv[6]);
    task.value = atol(argv[7]);
    used = 8;
  } else if (argc > 6 && strcmp(argv[1], "answer") == 0) {
    task.mode = ANSWER;
    task.number = number_of(argv[3]);
    task.nth = atol(argv[4]);
    task.value = atol(argv[5]);
    used = 6;
  } else {
    fprintf(stderr,
            "kill-at count|kill|kill-in|signal|signal-in|signal-answer|answer|pause|pause-at|pause-in MARK ... "
            "COMMAND...\n");
    return 125;
  }
  task.mark = number_of(argv[2]);

  pid_t pid = start(argv + used, task.mark);
  long seen = 0;
  int marked = 0, answering = 0, status;
  int tells_end = task.mode == SIGNAL;
  for (;;) {
    if (waitpid(pid, &status, __WALL) < 0) fail("waitpid");
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      if (tells_end) dprintf(3, "%s\n", WIFSIGNALED(status) ? "killed" : "exited");
      return ended(status);
    }
    int event = status >> 16, stop = WSTOPSIG(status), deliver = 0;
    int at_mark = event == PTRACE_EVENT_SECCOMP && !marked;
    if (at_mark || (event == 0 && stop == (SIGTRAP | 0x80))) {
      marked = 1;
      struct call call = {0};
      if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof call, &call) < 0) fail("call");
      if (answering) {
        answer(pid, task.value);
        tell(task.number);
        ptrace(PTRACE_CONT, pid, 0, 0);
        answering = 0;
        task.number = REST;
        continue;
      }
      if (call.op != PTRACE_SYSCALL_INFO_EXIT) {
        int number = (int)call.number;
        if (task.mode == COUNT) tell(number);
        else if (task.mode == PAUSE && (task.number == ANY || number == task.number) &&
                 ++seen == task.nth) {
          char byte;
          dprintf(3, "%d\n", pid);
          while (read(0, &byte, 1) > 0) continue;
          if (task.tells) tell(number);
          task.number = REST;
        } else if (task.mode == KILL && (task.number == ANY || number == task.number) &&
                   ++seen == task.nth) {
          tell(number);
          kill(pid, SIGKILL);
          continue;
        } else if (task.mode == SIGNAL && (task.number == ANY || number == task.number) &&
                   ++seen == task.nth) {
          tell(number);
          send_all(pid, task.signals);
          task.number = task.then;
          task.mode = ANSWER;
          task.nth = 1;
          seen = 0;
        } else if (task.mode == ANSWER && number == task.number && ++seen == task.nth) {
          skip(pid);
          answering = 1;
        }
      }
    } else if (event == 0) {
      deliver = stop;
    } else if (event == PTRACE_EVENT_STOP && stop != SIGTRAP) {
      ptrace(PTRACE_LISTEN, pid, 0, 0);
      continue;
    }
    int at_rest = !marked || task.number == REST;
    ptrace(at_rest ? PTRACE_CONT : PTRACE_SYSCALL, pid, 0, deliver);
  }
}
