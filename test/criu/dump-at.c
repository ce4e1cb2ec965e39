/*
 * Runs CRIU and kills it at the N-th of its system calls, as the OOM killer or a timeout would at any moment:
 *
 *   dump-at count COMMAND...      how many calls there are, and which of them made the first link, to fd 3
 *   dump-at N COMMAND...          SIGKILL at the entry of the N-th call; its number and the links made to fd 3
 *   dump-at alone:N COMMAND...    the same, and all that the command had started ends with it
 *   dump-at full COMMAND...       SIGKILL as soon as it has made links and a write finds no room; 0 and the links made to fd 3
 *   dump-at unblock PID           what a killed dump may leave: all signals blocked; they are let through again
 *
 * Only CRIU's own thread is traced: its children trace each other when it tries what the kernel can do, and a
 * process has one tracer. Exits as the command does, with 128 + signal where one ended it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The beginning of struct ptrace_syscall_info, which C libraries name differently. */
struct call {
	uint8_t op, pad[3];
	uint32_t arch;
	uint64_t instruction, stack;
	int64_t value;
};

enum { ENTRY = 1, EXIT = 2 };

static void fail(const char *what)
{
	perror(what);
	exit(125);
}

static pid_t start(char **command)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		raise(SIGSTOP);
		close(3);
		execvp(command[0], command);
		fail(command[0]);
	}
	if (waitpid(pid, &status, WUNTRACED) < 0)
		fail("waitpid");
	if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD) < 0)
		fail("PTRACE_SEIZE");
	if (ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0)
		fail("PTRACE_INTERRUPT");
	kill(pid, SIGCONT);
	return pid;
}

static int ended(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

enum { FULL = -1 };

/* Counts calls to the N-th one; 0 is to the end; FULL to a write without room. */
static int run(pid_t pid, long nth)
{
	long calls = 0, links = 0, first = 0, number = -1;
	int status;

	for (;;) {
		int signal = 0;

		if (waitpid(pid, &status, __WALL) < 0)
			fail("waitpid");
		if (WIFEXITED(status) || WIFSIGNALED(status))
			break;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			struct call call = {0};

			if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(call), &call) < 0 && errno != ESRCH)
				fail("PTRACE_GET_SYSCALL_INFO");
			if (call.op == ENTRY) {
				number = call.value;
				if (++calls == nth)
					kill(pid, SIGKILL);
			} else if (call.op == EXIT && number == SYS_linkat && call.instruction && call.value == 0 &&
				   ++links == 1) {
				first = calls;
			} else if (call.op == EXIT && nth == FULL && links > 0 && number != SYS_linkat &&
				   call.value == -ENOSPC) {
				number = 0;
				kill(pid, SIGKILL);
			}
		} else if (status >> 16 == 0) {
			signal = WSTOPSIG(status);
		}
		if (ptrace(PTRACE_SYSCALL, pid, 0, signal) < 0 && errno != ESRCH)
			fail("PTRACE_SYSCALL");
	}
	if (nth)
		dprintf(3, "%ld %ld\n", number, links);
	else
		dprintf(3, "%ld %ld\n", calls, first);
	return ended(status);
}

static int unblock(pid_t pid)
{
	uint64_t none = 0;
	int status;

	if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0 || ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0)
		fail("PTRACE_SEIZE");
	if (waitpid(pid, &status, __WALL) < 0)
		fail("waitpid");
	if (ptrace(PTRACE_SETSIGMASK, pid, sizeof(none), &none) < 0)
		fail("PTRACE_SETSIGMASK");
	return ptrace(PTRACE_DETACH, pid, 0, 0) < 0;
}

/* Whoever waits for CRIU, for ever, and whoever waits for those: until none is left. */
static void end_children(void)
{
	char path[64];
	int child;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	for (;;) {
		FILE *children = fopen(path, "re");

		if (!children)
			fail(path);
		while (fscanf(children, "%d", &child) == 1)
			kill(child, SIGKILL);
		fclose(children);
		if (waitpid(-1, NULL, __WALL) < 0)
			return;
	}
}

static int run_alone(char **command, long nth)
{
	int status;

	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
		fail("PR_SET_CHILD_SUBREAPER");
	status = run(start(command), nth);
	end_children();
	return status;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 125;
	if (!strcmp(argv[1], "unblock"))
		return unblock(atoi(argv[2]));
	if (!strncmp(argv[1], "alone:", 6))
		return run_alone(argv + 2, atol(argv[1] + 6));
	return run(start(argv + 2), strcmp(argv[1], "full") ? atol(argv[1]) : FULL);
}
