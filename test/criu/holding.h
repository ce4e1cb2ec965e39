/*
 * What programs for CRIU to dump hold, how it comes to have another name than it was opened by, and their answer when
 * they are asked by SIGUSR1 whether they work. For one file each: all of it is static.
 */
#define READY 3

static void fail(const char *what, const char *arg)
{
	dprintf(READY, "holder: %s %s: %s\n", what, arg, strerror(errno));
	exit(1);
}

/* All that is held, to be tried when asked: descriptors, and memory of mapped files. */
enum { MOST = 4096 };
static int files[MOST];
static volatile char *memory[MOST];
static int file_count, memory_count;

/* size bytes of 'x'; nothing reads them, but the size is in the images */
static void fill(int fd, const char *path, long size)
{
	static char block[4096];

	memset(block, 'x', sizeof(block));
	for (long left = size; left > 0;) {
		ssize_t n = write(fd, block, left < 4096 ? left : 4096);

		if (n <= 0)
			fail("write", path);
		left -= n;
	}
}

static int create(const char *path, long size, mode_t mode)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, mode);

	/* again without the umask */
	if (fd < 0 || fchmod(fd, mode))
		fail("create", path);
	fill(fd, path, size);
	return fd;
}

static void keep_file(int fd)
{
	if (file_count < MOST)
		files[file_count++] = fd;
}

/* 'y' and back to 'x', through a pipe or in place. */
static int works(int fd)
{
	struct stat about;
	char c = 0;

	if (fstat(fd, &about))
		return 0;
	if (S_ISFIFO(about.st_mode))
		return write(fd, "y", 1) == 1 && read(fd, &c, 1) == 1 && c == 'y';
	if (pread(fd, &c, 1, 0) != 1 || c != 'x' || pwrite(fd, "y", 1, 0) != 1)
		return 0;
	return pread(fd, &c, 1, 0) == 1 && c == 'y' && pwrite(fd, "x", 1, 0) == 1;
}

static void asked(int signal)
{
	static int times;
	int good = 1;
	char name[32]; /* the kernel takes 15 bytes of it */

	(void)signal;
	for (int i = 0; i < file_count; i++)
		good &= works(files[i]);
	for (int i = 0; i < memory_count; i++) {
		good &= *memory[i] == 'x';
		*memory[i] = 'y';
		good &= *memory[i] == 'y';
		*memory[i] = 'x';
	}
	snprintf(name, sizeof(name), "%s %d", good ? "works" : "broken", ++times);
	prctl(PR_SET_NAME, name);
}

/* What makes CRIU link: open, not reachable by its first name, and not without names. */
static void rename_behind_its_back(const char *old, const char *new)
{
	const char *suffix = getenv("HOLDER_SUFFIX");
	char full[4096];

	snprintf(full, sizeof(full), "%s%s", new, suffix ? suffix : "");
	if (link(old, full))
		fail("link", full);
	if (unlink(old))
		fail("unlink", old);
}

static void answer_when_asked(void)
{
	struct sigaction when_asked = { .sa_handler = asked, .sa_flags = SA_RESTART };

	sigaction(SIGUSR1, &when_asked, NULL);
}
