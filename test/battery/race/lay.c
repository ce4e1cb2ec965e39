/*
 * lay PARENT KEEP COUNT each|baits [ghosts]: links as a dump leaves them, each with a survivor in KEEP.
 * each: PARENT/d<i>/link_remap.<id>. baits: PARENT/link_remap.<id>, and beside it bait.<id>, which is by
 * turns a file that looks like the link, a symbolic link to /, a directory and a fifo. ghosts: ghost files in their place.
 */
#include "race.h"

static void must(int result, const char *what)
{
	if (result == 0 || errno == EEXIST)
		return;
	perror(what);
	exit(1);
}

static void survivor(int keep, const char *path)
{
	int fd = openat(keep, path, O_WRONLY | O_CREAT | O_EXCL, 0644);

	if (fd < 0 && errno == EEXIST)
		return;
	/* as the images of a ghost file say */
	struct timespec times[2] = { { 1700000000, 5000 }, { 1700000000, 5000 } };

	if (fd < 0 || write(fd, "ten bytes.", 10) != 10 || futimens(fd, times) != 0 || close(fd) != 0) {
		perror(path);
		exit(1);
	}
}

static void drop(int parent, const char *path)
{
	if (unlinkat(parent, path, 0) != 0 && errno == EISDIR)
		unlinkat(parent, path, AT_REMOVEDIR);
}

static void bait(int parent, const char *path, int index)
{
	switch (index % 4) {
	case 0:
		survivor(parent, path);
		return;
	case 1:
		must(symlinkat("/", parent, path), "symlinkat");
		return;
	case 2:
		must(mkdirat(parent, path, 0755), "mkdirat");
		return;
	default:
		must(mkfifoat(parent, path, 0644), "mkfifoat");
	}
}

int main(int argc, char **argv)
{
	int is_ghost = is_ghosts(argc, argv);
	int words = argc - is_ghost;
	int parent = words == 5 ? open_directory(argv[1]) : -1;
	int keep = words == 5 ? open_directory(argv[2]) : -1;
	char kept[64], link[64], other[64];

	if (parent < 0)
		return 2;
	for (int i = 0; i < atoi(argv[3]); i++) {
		int to = parent;

		survivor(keep, name(kept, "s.%d", id_of(i)));
		link_name(link, i, is_ghost);
		if (strcmp(argv[4], "each") == 0) {
			name(other, "d%d", i);
			must(mkdirat(parent, other, 0755), other);
			to = openat(parent, other, O_PATH | O_DIRECTORY);
			must(linkat(keep, kept, to, link, 0), link);
			close(to);
			continue;
		}
		drop(parent, link);
		drop(parent, name(other, "bait.%d", id_of(i)));
		must(linkat(keep, kept, parent, link, 0), link);
		bait(parent, other, i);
	}
	return 0;
}
