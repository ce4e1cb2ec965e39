/*
 * hold PARENT COUNT each|baits: a living process that holds the file of each link, by a name that is gone. Ends with its
 * standard input.
 */
#include "race.h"
#include <sys/resource.h>

int main(int argc, char **argv)
{
	int parent = argc == 4 ? open_directory(argv[1]) : -1;
	int count = argc == 4 ? atoi(argv[2]) : 0;
	struct rlimit limit = { .rlim_cur = count + 64, .rlim_max = count + 64 };
	char link[64], old[64], directory[64], byte;

	if (parent < 0 || setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 2;
	for (int i = 0; i < count; i++) {
		int at = parent;

		if (strcmp(argv[3], "each") == 0)
			at = openat(parent, name(directory, "d%d", i), O_PATH | O_DIRECTORY);
		name(link, "link_remap.%d", id_of(i));
		name(old, "old.%d", i);
		if (linkat(at, link, at, old, 0) != 0 || openat(at, old, O_RDONLY) < 0 ||
		    unlinkat(at, old, 0) != 0) {
			perror(link);
			return 1;
		}
		if (at != parent)
			close(at);
	}
	if (write(1, "ready\n", 6) != 6)
		return 1;
	while (read(0, &byte, 1) > 0)
		continue;
	return 0;
}
