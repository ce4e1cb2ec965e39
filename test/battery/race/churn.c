/*
 * churn PARENT OUTSIDE COUNT: removes directories as soon as they are empty and makes them anew, and
 * moves their parent out of the rootfs and back.
 */
#include "race.h"

#define STEPS 64

int main(int argc, char **argv)
{
	int parent = argc == 4 ? open_directory(argv[1]) : -1;
	int count = argc == 4 ? atoi(argv[3]) : 0;
	unsigned long made = 0;
	char child[64];
	int at = 0;

	if (parent < 0)
		return 2;
	until_sigterm();
	while (!stopped) {
		for (int step = 0; step < STEPS; step++) {
			name(child, "d%d", at);
			/* held by its descriptor, wherever it is */
			if (unlinkat(parent, child, AT_REMOVEDIR) == 0 &&
			    mkdirat(parent, child, 0755) == 0)
				made++;
			at = at + 1 < count ? at + 1 : 0;
		}
		if (rename(argv[1], argv[2]) != 0 || rename(argv[2], argv[1]) != 0) {
			perror("rename");
			return 1;
		}
	}
	return say(made);
}
