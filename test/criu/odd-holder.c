/*
 * Holds files as few programs do, each of which has another name than it was opened by; then waits to be killed:
 *
 *   odd-holder queue DIR COUNT PER    COUNT files wait in a socket, PER of them in a message
 *   odd-holder thread DIR             a second thread has a table of descriptors of its own
 *   odd-holder alone DIR              the same, and the first thread has ended
 *
 * Readiness and SIGUSR1 are as holder.c says. When asked, what waits in the socket is taken out of it first, and all
 * of it has to be there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "holding.h"

enum { MOST_SENT = 64 };

static int receiver = -1, waiting;

union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(MOST_SENT * sizeof(int))];
};

static int make(const char *dir, int number)
{
	char old[4096], new[4096];
	int fd;

	snprintf(old, sizeof(old), "%s/old-%d", dir, number);
	snprintf(new, sizeof(new), "%s/new-%d", dir, number);
	fd = create(old, 5, 0644);
	rename_behind_its_back(old, new);
	return fd;
}

static void send_files(int to, int *fds, int count)
{
	union control control;
	struct iovec byte = { "m", 1 };
	struct msghdr message = { .msg_iov = &byte, .msg_iovlen = 1 };

	memset(&control, 0, sizeof(control));
	message.msg_control = &control;
	message.msg_controllen = CMSG_SPACE(count * sizeof(int));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	if (sendmsg(to, &message, 0) != 1)
		fail("sendmsg", "");
	for (int i = 0; i < count; i++)
		close(fds[i]);
}

/* One message, whose files are held from then on; how many, or -1. */
static int receive(void)
{
	union control control;
	char text;
	struct iovec byte = { &text, 1 };
	struct msghdr message = { .msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control };
	int fds[MOST_SENT], count;

	message.msg_controllen = sizeof(control);
	if (recvmsg(receiver, &message, MSG_DONTWAIT) != 1 || text != 'm')
		return -1;
	count = message.msg_controllen ? (control.header.cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
	memcpy(fds, CMSG_DATA(&control.header), count * sizeof(int));
	for (int i = 0; i < count; i++)
		keep_file(fds[i]);
	return count;
}

static void take_and_answer(int signal)
{
	for (int count; receiver >= 0 && (count = receive()) >= 0;)
		waiting -= count;
	if (waiting)
		prctl(PR_SET_NAME, "broken 1");
	else
		asked(signal);
}

static void queue(const char *dir, int count, int per)
{
	struct sigaction when_asked = { .sa_handler = take_and_answer, .sa_flags = SA_RESTART };
	int ends[2], fds[MOST_SENT], used = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || per > MOST_SENT)
		fail("socketpair", dir);
	for (int i = 0; i < count; i++) {
		fds[used++] = make(dir, i);
		if (used == per || i == count - 1) {
			send_files(ends[1], fds, used);
			used = 0;
		}
	}
	receiver = ends[0];
	waiting = count;
	sigaction(SIGUSR1, &when_asked, NULL);
}

static const char *place;
static sem_t held;

static void *second(void *unused)
{
	sigset_t usr1;

	(void)unused;
	if (unshare(CLONE_FILES))
		fail("unshare", "CLONE_FILES");
	keep_file(make(place, 0));
	/* the descriptors are this thread's: it is the one to answer */
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
	close(READY);
	sem_post(&held);
	for (;;)
		pause();
	return NULL;
}

static void thread(const char *dir)
{
	sigset_t usr1;
	pthread_t other;

	place = dir;
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &usr1, NULL);
	sem_init(&held, 0, 0);
	if (pthread_create(&other, NULL, second, NULL))
		fail("pthread_create", dir);
	/* a descriptor that is closed here before the tables part would be given to the file */
	while (sem_wait(&held))
		;
}

int main(int argc, char **argv)
{
	umask(022);
	setsid();
	answer_when_asked();
	if (argc == 5 && !strcmp(argv[1], "queue"))
		queue(argv[2], atoi(argv[3]), atoi(argv[4]));
	else if (argc == 3 && (!strcmp(argv[1], "thread") || !strcmp(argv[1], "alone")))
		thread(argv[2]);
	else
		return 1;
	close(READY);
	if (!strcmp(argv[1], "alone"))
		pthread_exit(NULL);
	for (;;)
		pause();
}
