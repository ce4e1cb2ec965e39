/*
 * Preloaded into CRIU, kills it at a chosen point of a dump, as the OOM killer would:
 *   CRIU_KILL_LINKAT=N     right after the N-th link has been made
 *   CRIU_KILL_OPEN=NAME    before the file of that name is opened for writing: an image
 *   CRIU_KILL_CLOSE=NAME   after it has been written and closed
 *   CRIU_KILL_FORK=N       after the N-th fork of its own: the child waits for it, for ever
 *   CRIU_KILL_PTRACE=REQUEST:PID:N   after the N-th such request about that process
 *   CRIU_KILL_MADE=NAME    after a file whose whole name that is has been made
 *   CRIU_KILL_SIGNAL=N     by another signal than SIGKILL
 *   CRIU_KILL_PARENT=1     not CRIU, but the runtime that has started it; 2: who has started that
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static pid_t parent_of(pid_t pid)
{
	char path[64];
	int parent = 0;
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	stat = fopen(path, "re");
	if (!stat)
		return 0;
	/* No runtime has a parenthesis in its name. */
	if (fscanf(stat, "%*d (%*[^)]) %*c %d", &parent) != 1)
		parent = 0;
	fclose(stat);
	return parent;
}

static void kill_now(void)
{
	const char *number = getenv("CRIU_KILL_SIGNAL");
	int signal = number ? atoi(number) : SIGKILL;

	const char *above = getenv("CRIU_KILL_PARENT");
	pid_t pid = above ? getppid() : getpid();

	if (above && atoi(above) > 1)
		pid = parent_of(pid);
	if (pid > 1)
		kill(pid, signal);
}

int linkat(int from, const char *old, int to, const char *new, int flags)
{
	static int count;
	int (*real)(int, const char *, int, const char *, int) = dlsym(RTLD_NEXT, "linkat");
	const char *at = getenv("CRIU_KILL_LINKAT");
	int result = real(from, old, to, new, flags);

	if (at && result == 0 && ++count == atoi(at))
		kill_now();
	return result;
}

pid_t fork(void)
{
	static int count;
	pid_t (*real)(void) = dlsym(RTLD_NEXT, "fork");
	const char *at = getenv("CRIU_KILL_FORK");
	pid_t child;

	/* What starts CRIU may be a shell, which forks, too. */
	if (!at || strcmp(program_invocation_short_name, "criu") || ++count != atoi(at))
		return real();
	child = real();
	if (child > 0)
		kill_now();
	/* Whoever reads what CRIU says reads to the end. */
	if (child == 0)
		for (int fd = 0; fd < 3; fd++)
			dup2(open("/dev/null", O_RDWR | O_CLOEXEC), fd);
	while (child == 0)
		pause();
	return child;
}

long ptrace(int request, ...)
{
	static int count;
	long (*real)(long, long, void *, void *) = dlsym(RTLD_NEXT, "ptrace");
	const char *at = getenv("CRIU_KILL_PTRACE");
	int wanted, about, nth;
	void *address, *data;
	va_list args;
	pid_t pid;
	long result;

	va_start(args, request);
	pid = va_arg(args, pid_t);
	address = va_arg(args, void *);
	data = va_arg(args, void *);
	va_end(args);
	result = real(request, pid, address, data);
	if (at && sscanf(at, "%i:%d:%d", &wanted, &about, &nth) == 3 && request == wanted && pid == about &&
	    ++count == nth)
		kill_now();
	return result;
}

static int is_named(const char *variable, const char *path, int flags)
{
	const char *name = getenv(variable);

	return name && (flags & O_ACCMODE) != O_RDONLY && !strcmp(path, name);
}

/* the image after whose close CRIU is killed, while it is open */
static int watched = -1;

int close(int fd)
{
	int (*real)(int) = dlsym(RTLD_NEXT, "close");
	int result = real(fd);

	if (fd >= 0 && fd == watched)
		kill_now();
	return result;
}

static mode_t mode_of(int flags, va_list args)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

#define WRAPPER(name)                                                               \
	int name(int dir, const char *path, int flags, ...)                         \
	{                                                                           \
		int (*real)(int, const char *, int, ...) = dlsym(RTLD_NEXT, #name); \
		va_list args;                                                       \
		mode_t mode;                                                        \
		int fd;                                                             \
                                                                                    \
		va_start(args, flags);                                              \
		mode = mode_of(flags, args);                                        \
		va_end(args);                                                       \
		if (is_named("CRIU_KILL_OPEN", path, flags))                        \
			kill_now();                                             \
		fd = real(dir, path, flags, mode);                                  \
		if (is_named("CRIU_KILL_CLOSE", path, flags))                       \
			watched = fd;                                               \
		return fd;                                                          \
	}

static int make(const char *symbol, const char *path, int flags, mode_t mode)
{
	int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, symbol);
	int fd = real(path, flags, mode);

	if (fd >= 0 && (flags & O_CREAT) && is_named("CRIU_KILL_MADE", path, flags))
		kill_now();
	return fd;
}

#define MAKER(name)                                            \
	int name(const char *path, int flags, ...)             \
	{                                                      \
		va_list args;                                  \
		mode_t mode;                                   \
                                                               \
		va_start(args, flags);                         \
		mode = mode_of(flags, args);                   \
		va_end(args);                                  \
		return make(#name, path, flags, mode);         \
	}

MAKER(open)
MAKER(open64)
WRAPPER(openat)
WRAPPER(openat64)
