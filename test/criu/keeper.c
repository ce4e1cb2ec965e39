/*
 * Keeps a network namespace that no process is in: "thread" by a thread of its own, "fd" by a descriptor. It says
 * "ready PID", and then where the namespace is, and ends with its input.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int how[2];

static void *leave(void *kind)
{
	char byte = 'x';
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		err(1, "unshare");
	if (!strcmp(kind, "fd")) {
		fd = open("/proc/thread-self/ns/net", O_RDONLY);
		printf("/proc/%d/fd/%d\n", getpid(), fd);
	} else {
		printf("/proc/%d/task/%ld/ns/net\n", getpid(), syscall(SYS_gettid));
	}
	fflush(stdout);
	if (write(how[1], &byte, 1) != 1)
		err(1, "write");
	while (strcmp(kind, "fd"))
		pause();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	char byte;

	if (argc != 2 || pipe(how) < 0)
		errx(2, "by what?");
	printf("ready %d\n", getpid());
	fflush(stdout);
	if (pthread_create(&thread, NULL, leave, argv[1]))
		errx(1, "thread");
	if (!strcmp(argv[1], "fd"))
		pthread_join(thread, NULL);
	while (read(0, &byte, 1) == 1)
		;
	_exit(0);
}
