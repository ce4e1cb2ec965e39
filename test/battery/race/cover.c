/* cover HOST PARENT: mounts a host directory over that of the links, and takes it away again. */
#include "race.h"
#include <sys/mount.h>

int main(int argc, char **argv)
{
	unsigned long count = 0;

	if (argc != 3)
		return 2;
	until_sigterm();
	while (!stopped) {
		if (mount(argv[1], argv[2], NULL, MS_BIND, NULL) != 0) {
			perror("mount");
			return 1;
		}
		if (umount2(argv[2], MNT_DETACH) != 0) {
			perror("umount2");
			return 1;
		}
		count++;
	}
	return say(count);
}
