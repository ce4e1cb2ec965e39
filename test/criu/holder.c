/*
 * A process for CRIU to dump: does the instructions of its command line in order, then waits to be
 * killed. Each one is a word and its arguments:
 *
 *   userns BASE             new user namespace, 0-65535 inside are BASE.. outside
 *   pidns                   new pid namespace: a child goes on as its pid 1, this one waits for it
 *   mntns                   new mount namespace, all of it private
 *   root DIR                bind DIR on itself: the root of the container to be
 *   bind SRC DST            bind mount; tmpfs DST OPTIONS; proc DST; umount DST
 *   pivot                   make the root given the root, and detach the old one
 *   exec PATH               go on as the program PATH, so that the program file too is an inner one
 *   stdio                   fds 0-2 to /dev/null, opened *here*: CRIU refuses those of an outer
 *                           mount; all others but 3 closed
 *   mkdir DIR; rmdir DIR; chdir DIR; chroot DIR
 *   hold OLD NEW SIZE MODE  make OLD, link it to NEW, unlink OLD, keep it open
 *   map OLD NEW SIZE MODE   the same, but kept by a shared mapping only
 *   fifo OLD NEW MODE       the same with a fifo
 *   lose OLD NEW            the same with a file that is there, and is not held by this: the program itself, say
 *   many DIR COUNT SIZE     COUNT times hold, DIR/old-N to DIR/new-N
 *   open PATH               hold a file that is there: whoever has others of its names may unlink them later
 *   ghost PATH SIZE         hold a file that has lost its only name
 *   tcp; outer NAME         a connection; one to somebody else, who listens at that name (abstract, unix(7))
 *   file PATH SIZE MODE     a plain file, closed again
 *   suffix TEXT             added to each NEW from here on, also after exec: a second run in the same
 *                           place makes files of its own and touches none of the first one's
 *   fork ... end            the instructions between are a child's, who waits as well
 *
 * Before root, a path is the caller's. From root to pivot, the second path of bind and those of
 * tmpfs and proc are below the root. After pivot all are the container's.
 *
 * Readiness: fd 3 is open until the process waits, so who started it reads that end until it is
 * closed by this process and by all its children. Any failure is a line there and exit 1.
 *
 * On SIGUSR1 it writes to all that it holds and reads it back, and its name (comm) is "works N" from then
 * on, or "broken N": the N-th time that it was asked. Every file is left as it was.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "holding.h"

static const char *root = "";

/* Where DST is as long as the container's root is still a folder of the host. */
static const char *inside(const char *path)
{
	static char full[2][4096];
	static int turn;

	turn = !turn;
	snprintf(full[turn], sizeof(full[turn]), "%s%s", root, path);
	return full[turn];
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		fail("write", path);
	close(fd);
}

/* Only a process outside may map more than one id, so a helper does it and is waited for. */
static void new_userns(const char *base)
{
	char path[64], map[64];
	int go[2], status;
	pid_t self = getpid(), helper;

	if (pipe(go))
		fail("pipe", "");
	helper = fork();
	if (helper < 0)
		fail("fork", "");
	if (helper == 0) {
		close(go[1]);
		if (read(go[0], map, 1) != 0)
			_exit(1);
		snprintf(map, sizeof(map), "0 %s 65536", base);
		snprintf(path, sizeof(path), "/proc/%d/uid_map", self);
		put(path, map);
		snprintf(path, sizeof(path), "/proc/%d/gid_map", self);
		put(path, map);
		_exit(0);
	}
	if (unshare(CLONE_NEWUSER))
		fail("unshare", "CLONE_NEWUSER");
	close(go[0]);
	close(go[1]);
	if (waitpid(helper, &status, 0) != helper || status)
		fail("map ids from", base);
	if (setgid(0) || setuid(0))
		fail("become", "root inside");
	/* a change of ids makes /proc/self root's and the process not dumpable */
	prctl(PR_SET_DUMPABLE, 1);
}

/* The launcher stays outside, as the parent that reaps what CRIU kills; it is not dumped. */
static void new_pidns(void)
{
	int status = 0;
	pid_t child;

	if (unshare(CLONE_NEWPID))
		fail("unshare", "CLONE_NEWPID");
	child = fork();
	if (child < 0)
		fail("fork", "");
	if (child == 0)
		return;
	close(READY);
	waitpid(child, &status, 0);
	exit(WIFEXITED(status) ? WEXITSTATUS(status) : 0);
}

static void new_mntns(void)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		fail("unshare", "CLONE_NEWNS");
}

static void pivot(void)
{
	if (chdir(root) || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
		fail("pivot_root", root);
	root = "";
}

static void stdio(void)
{
	int fd = open("/dev/null", O_RDWR);

	if (fd < 0)
		fail("open", "/dev/null");
	for (int i = 0; i < READY; i++)
		dup2(fd, i);
	/* and whatever the starter left open */
	close_range(READY + 1, ~0U, 0);
}

static void hold(const char *old, const char *new, long size, mode_t mode)
{
	keep_file(create(old, size, mode));
	rename_behind_its_back(old, new);
}

static void map(const char *old, const char *new, long size, mode_t mode)
{
	int fd = create(old, size, mode);
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		fail("mmap", old);
	if (memory_count < MOST)
		memory[memory_count++] = at;
	close(fd);
	rename_behind_its_back(old, new);
}

static void fifo(const char *old, const char *new, mode_t mode)
{
	int fd = mkfifo(old, mode) || chmod(old, mode) ? -1 : open(old, O_RDWR);

	if (fd < 0)
		fail("fifo", old);
	keep_file(fd);
	rename_behind_its_back(old, new);
}

static void open_there(const char *path)
{
	int fd = open(path, O_RDWR);

	if (fd < 0)
		fail("open", path);
	keep_file(fd);
}

static void ghost(const char *path, long size)
{
	keep_file(create(path, size, 0600));
	if (unlink(path))
		fail("unlink", path);
}

static void tcp(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(listener, (void *)&at, size) || listen(listener, 1) ||
	    getsockname(listener, (void *)&at, &size) || connect(client, (void *)&at, size) ||
	    accept(listener, NULL, NULL) < 0)
		fail("tcp", "127.0.0.1");
}

static void outer(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int client = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(at.sun_path + 1, name, sizeof(at.sun_path) - 2);
	/* some who listen there take all the zeros behind it for a part of the name */
	if (connect(client, (void *)&at, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name)) &&
	    connect(client, (void *)&at, sizeof(at)))
		fail("connect", name);
}

static void many(const char *dir, long count, long size)
{
	char old[4096], new[4096];
	struct rlimit files = { count + 64, count + 64 };

	if (count > 900 && setrlimit(RLIMIT_NOFILE, &files))
		fail("setrlimit", dir);
	for (long i = 0; i < count; i++) {
		snprintf(old, sizeof(old), "%s/old-%ld", dir, i);
		snprintf(new, sizeof(new), "%s/new-%ld", dir, i);
		hold(old, new, size, 0644);
	}
}

/* The word after the end that belongs to the fork before words. */
static char **after_end(char **words)
{
	for (int depth = 1; *words; words++) {
		if (!strcmp(*words, "fork"))
			depth++;
		else if (!strcmp(*words, "end") && --depth == 0)
			return words + 1;
	}
	errno = EINVAL;
	fail("fork", "without end");
	return NULL;
}

static void mounted(int result, const char *what, const char *path)
{
	if (result)
		fail(what, path);
}

/* Does the instruction at w and returns the next one. */
static char **step(char **w)
{
	const char *word = *w++;
	int left = 0;

	while (w[left])
		left++;
#define IS(name, count) (!strcmp(word, name) && left >= (count))
	if (IS("userns", 1)) {
		new_userns(w[0]);
		return w + 1;
	} else if (IS("pidns", 0)) {
		new_pidns();
		return w;
	} else if (IS("mntns", 0)) {
		new_mntns();
		return w;
	} else if (IS("root", 1)) {
		mounted(mount(w[0], w[0], NULL, MS_BIND | MS_REC, NULL), "root", w[0]);
		root = w[0];
		return w + 1;
	} else if (IS("bind", 2)) {
		mounted(mount(w[0], inside(w[1]), NULL, MS_BIND | MS_REC, NULL), "bind", w[1]);
		return w + 2;
	} else if (IS("tmpfs", 2)) {
		mounted(mount("tmpfs", inside(w[0]), "tmpfs", MS_NOSUID | MS_NODEV, w[1]), "tmpfs", w[0]);
		return w + 2;
	} else if (IS("proc", 1)) {
		mounted(mount("proc", inside(w[0]), "proc", 0, NULL), "proc", w[0]);
		return w + 1;
	} else if (IS("umount", 1)) {
		mounted(umount2(inside(w[0]), MNT_DETACH), "umount", w[0]);
		return w + 1;
	} else if (IS("pivot", 0)) {
		pivot();
		return w;
	} else if (IS("exec", 1)) {
		execv(w[0], w);
		fail("exec", w[0]);
	} else if (IS("stdio", 0)) {
		stdio();
		return w;
	} else if (IS("mkdir", 1)) {
		mounted(mkdir(w[0], 0755), "mkdir", w[0]);
		return w + 1;
	} else if (IS("rmdir", 1)) {
		mounted(rmdir(w[0]), "rmdir", w[0]);
		return w + 1;
	} else if (IS("chdir", 1)) {
		mounted(chdir(w[0]), "chdir", w[0]);
		return w + 1;
	} else if (IS("chroot", 1)) {
		mounted(chroot(w[0]) || chdir("/"), "chroot", w[0]);
		return w + 1;
	} else if (IS("hold", 4)) {
		hold(w[0], w[1], atol(w[2]), strtol(w[3], NULL, 8));
		return w + 4;
	} else if (IS("map", 4)) {
		map(w[0], w[1], atol(w[2]), strtol(w[3], NULL, 8));
		return w + 4;
	} else if (IS("fifo", 3)) {
		fifo(w[0], w[1], strtol(w[2], NULL, 8));
		return w + 3;
	} else if (IS("lose", 2)) {
		rename_behind_its_back(w[0], w[1]);
		return w + 2;
	} else if (IS("open", 1)) {
		open_there(w[0]);
		return w + 1;
	} else if (IS("ghost", 2)) {
		ghost(w[0], atol(w[1]));
		return w + 2;
	} else if (IS("tcp", 0)) {
		tcp();
		return w;
	} else if (IS("outer", 1)) {
		outer(w[0]);
		return w + 1;
	} else if (IS("many", 3)) {
		many(w[0], atol(w[1]), atol(w[2]));
		return w + 3;
	} else if (IS("suffix", 1)) {
		mounted(setenv("HOLDER_SUFFIX", w[0], 1), "suffix", w[0]);
		return w + 1;
	} else if (IS("file", 3)) {
		close(create(w[0], atol(w[1]), strtol(w[2], NULL, 8)));
		return w + 3;
	}
	errno = EINVAL;
	fail("instruction", word);
	return NULL;
}

static void run(char **words)
{
	while (*words && strcmp(*words, "end")) {
		if (strcmp(*words, "fork")) {
			words = step(words);
			continue;
		}
		pid_t child = fork();

		if (child < 0)
			fail("fork", "");
		words = child ? after_end(words + 1) : words + 1;
	}
}

int main(int argc, char **argv)
{
	(void)argc;
	umask(022);
	answer_when_asked();
	/* a session of its own (no controlling terminal for CRIU to follow); EPERM after exec is fine */
	setsid();
	run(argv + 1);
	close(READY);
	for (;;)
		pause();
}
