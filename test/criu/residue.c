/*
 * Is as CRIU's killed dumps leave programs; each word makes one thing so:
 *   tcp      a TCP connection to itself
 *   repair   the same, one end in repair mode
 *   mute     all signals blocked but SIGTRAP, SIGKILL and SIGSTOP, in two threads
 *   full     all signals blocked as by sigfillset(3)
 *   usr      SIGUSR1 blocked in two threads, and SIGUSR2 in the second one
 *   memfd    memory of a memfd called CRIUMFD
 * Then it says "ready" and its process id; at a byte of its input it echoes one over the connection, and it ends with its input.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MUTED 0xfffffffffffbfeef
#define BIT(signal) (1 << ((signal) - 1))

static int client = -1, server = -1;

static void tcp(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct ifreq loopback = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	socklen_t size = sizeof address;
	int listening = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	client = socket(AF_INET, SOCK_STREAM, 0);
	if (ioctl(listening, SIOCSIFFLAGS, &loopback) || bind(listening, (void *)&address, size) ||
	    listen(listening, 1) || getsockname(listening, (void *)&address, &size) ||
	    connect(client, (void *)&address, size))
		err(1, "connection");
	server = accept(listening, NULL, NULL);
	if (server < 0)
		err(1, "accept");
}

static void repair(void)
{
	int on = 1;

	tcp();
	if (setsockopt(client, IPPROTO_TCP, TCP_REPAIR, &on, sizeof on))
		err(1, "TCP_REPAIR");
}

static void block(uint64_t mask)
{
	if (syscall(SYS_rt_sigprocmask, 2 /* SIG_SETMASK */, &mask, NULL, sizeof mask))
		err(1, "rt_sigprocmask");
}

static pthread_barrier_t barrier;

static void *other(void *mask)
{
	block(*(uint64_t *)mask);
	pthread_barrier_wait(&barrier);
	pause();
	return NULL;
}

static void masks(uint64_t first, uint64_t second)
{
	pthread_t thread;

	pthread_barrier_init(&barrier, NULL, 2);
	if (pthread_create(&thread, NULL, other, &second))
		errx(1, "pthread_create");
	pthread_barrier_wait(&barrier);
	block(first);
}

static void parasite(void)
{
	int fd = memfd_create("CRIUMFD", 0);

	if (ftruncate(fd, 4096) || mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
		err(1, "memfd");
	close(fd);
}

int main(int argc, char **argv)
{
	char byte;

	/* what was handed down may lie in mount namespaces of others */
	close_range(3, ~0U, 0);
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "tcp"))
			tcp();
		else if (!strcmp(argv[i], "repair"))
			repair();
		else if (!strcmp(argv[i], "mute"))
			masks(MUTED, MUTED);
		else if (!strcmp(argv[i], "usr"))
			masks(BIT(SIGUSR1), BIT(SIGUSR1) | BIT(SIGUSR2));
		else if (!strcmp(argv[i], "full"))
			block(~0ULL);
		else if (!strcmp(argv[i], "memfd"))
			parasite();
		else
			errx(2, "%s?", argv[i]);
	}
	printf("ready %d\n", getpid());
	fflush(stdout);
	while (read(0, &byte, 1) == 1) {
		if (client < 0)
			continue;
		if (send(client, &byte, 1, MSG_NOSIGNAL) != 1)
			puts("not sent");
		else if (recv(server, &byte, 1, 0) == 1)
			puts("echoed");
		fflush(stdout);
	}
	_exit(0);
}
