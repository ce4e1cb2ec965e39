/*
 * A server with one connection: listens on PORT of all addresses, and sends back what its one client sends. It says
 * "ready PID" at first, and "served" once it has a client. For each byte of its input it sends a line by itself.
 */
#define _GNU_SOURCE
#include <err.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void say(const char *text)
{
	puts(text);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT };
	int listening, client, one = 1, input = 0;
	char data[4096];

	if (argc != 2)
		errx(2, "which port?");
	/* also what a runtime handed down */
	close_range(3, ~0U, 0);
	listening = socket(AF_INET6, SOCK_STREAM, 0);
	address.sin6_port = htons(atoi(argv[1]));
	setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listening, (void *)&address, sizeof address) || listen(listening, 1))
		err(1, "listen");
	/* what a runtime handed down lies outside of its container */
	if (!freopen("/dev/null", "w", stderr))
		return 2;
	printf("ready %d\n", getpid());
	fflush(stdout);
	client = accept(listening, NULL, NULL);
	if (client < 0)
		err(1, "accept");
	say("served");
	for (;;) {
		struct pollfd ready[] = { { .fd = client, .events = POLLIN }, { .fd = input, .events = POLLIN } };
		ssize_t size;

		if (poll(ready, 2, -1) < 0)
			continue;
		/* In repair mode it may not be read: by the next look it can. */
		if (ready[0].revents && (size = recv(client, data, sizeof data, MSG_DONTWAIT)) >= 0) {
			if (size == 0 || send(client, data, size, MSG_NOSIGNAL) != size)
				return 3;
		}
		if (ready[1].revents) {
			if (read(input, data, 1) != 1)
				input = -1;
			else if (send(client, "by itself\n", 10, MSG_NOSIGNAL) != 10)
				return 4;
		}
	}
}
