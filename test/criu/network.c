/*
 * Holds a TCP connection from FROM to TO, both of its own network namespace: "4", "6" or "m" (IPv4 in IPv6). For each
 * byte of its input one goes through the connection and back, and it says "echoed"; "dead" where nothing came in a
 * second. It ends with its input.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int connection[2];

static void make(const char *kind)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr *address = *kind == '4' ? (void *)&four : (void *)&six;
	socklen_t size = *kind == '4' ? sizeof four : sizeof six;
	int listening = socket(address->sa_family, SOCK_STREAM, 0);

	if (*kind == 'm' && inet_pton(AF_INET6, "::ffff:127.0.0.1", &six.sin6_addr) != 1)
		errx(1, "inet_pton");
	connection[0] = socket(address->sa_family, SOCK_STREAM, 0);
	if (bind(listening, address, size) || listen(listening, 1) || getsockname(listening, address, &size) ||
	    connect(connection[0], address, size))
		err(1, "connection");
	connection[1] = accept(listening, NULL, NULL);
	close(listening);
}

static int passes(int from, int to)
{
	struct pollfd ready = { .fd = to, .events = POLLIN };
	char byte = 'x';

	return send(from, &byte, 1, MSG_NOSIGNAL) == 1 && poll(&ready, 1, 1000) == 1 && recv(to, &byte, 1, 0) == 1;
}

int main(int argc, char **argv)
{
	char byte;

	if (argc != 2)
		errx(2, "which?");
	close_range(3, ~0U, 0);
	make(argv[1]);
	printf("ready %d\n", getpid());
	fflush(stdout);
	while (read(0, &byte, 1) == 1) {
		puts(passes(connection[0], connection[1]) && passes(connection[1], connection[0]) ? "echoed" : "dead");
		fflush(stdout);
	}
	_exit(0);
}
