/* swap-parent A B: exchanges a directory of links with a symbolic link that leads out of the rootfs. */
#include "race.h"

int main(int argc, char **argv)
{
	unsigned long count = 0;

	if (argc != 3)
		return 2;
	until_sigterm();
	while (!stopped || count % 2 == 1) {
		if (renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) != 0) {
			perror("renameat2");
			return 1;
		}
		count++;
	}
	return say(count);
}
