/*
 * swap-target PARENT COUNT [ghosts]: exchanges each link with its bait while the clean-up comes near. The names
 * that are gone tell where it is: those that come next are exchanged to and fro.
 */
#include "race.h"

#define WINDOW 3

static int parent;
static char (*links)[64], (*baits)[64];

static int is_gone(int index)
{
	return faccessat(parent, links[index], F_OK, AT_SYMLINK_NOFOLLOW) != 0;
}

/* the first that the clean-up has not passed; it passes by what it keeps without a trace */
static int advance(int next, int count)
{
	for (int ahead = 0; ahead <= WINDOW && next + ahead < count; ahead++)
		if (is_gone(next + ahead)) {
			next += ahead + 1;
			ahead = -1;
		}
	return next;
}

int main(int argc, char **argv)
{
	int is_ghost = is_ghosts(argc, argv);
	int count = argc - is_ghost == 3 ? atoi(argv[2]) : 0;
	unsigned long swaps = 0;
	int next = 0;

	links = calloc(count + 1, sizeof *links);
	baits = calloc(count + 1, sizeof *baits);
	if (count == 0 || links == NULL || baits == NULL)
		return 2;
	parent = open_directory(argv[1]);
	for (int i = 0; i < count; i++) {
		link_name(links[i], i, is_ghost);
		name(baits[i], "bait.%d", id_of(i));
	}
	until_sigterm();
	while (!stopped) {
		next = advance(next, count);
		for (int i = next; i < next + WINDOW && i < count; i++) {
			if (renameat2(parent, links[i], parent, baits[i], RENAME_EXCHANGE) != 0)
				break;
			swaps++;
		}
	}
	return say(swaps);
}
