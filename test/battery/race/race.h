/* What the attackers share: they go on until SIGTERM, put things back, and say how often they struck. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

static inline void until_sigterm(void)
{
	struct sigaction action = { .sa_handler = stop };

	sigaction(SIGTERM, &action, NULL);
	/* the parent waits for this before it lets the clean-up go */
	if (write(1, "ready\n", 6) != 6)
		exit(1);
}

static inline int say(unsigned long count)
{
	printf("%lu\n", count);
	return 0;
}

/* file ids of links are even, those of originals odd */
static inline int id_of(int index)
{
	return 2 * index + 2;
}

static inline const char *name(char *buffer, const char *format, int number)
{
	snprintf(buffer, 64, format, number);
	return buffer;
}

/* of a link; of a ghost file, where the last word of a command line says so */
static inline const char *link_name(char *buffer, int index, int is_ghost)
{
	return name(buffer, is_ghost ? "old.cr.%x.ghost" : "link_remap.%d", id_of(index));
}

static inline int is_ghosts(int argc, char **argv)
{
	return !strcmp(argv[argc - 1], "ghosts");
}

static inline int open_directory(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY);

	if (fd < 0) {
		perror(path);
		exit(1);
	}
	return fd;
}
