/*
 * Stands for CRIU in a folder of its own, for a runtime that gives its children an environment without what the tests
 * want in it, or with the library path that it needs for itself. In the file "environment" beside it is the program to
 * start in the first line, and NAME=VALUE in each one after that.
 */
#define _GNU_SOURCE
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char self[PATH_MAX] = "", path[PATH_MAX + 16], program[PATH_MAX] = "", line[PATH_MAX];
	FILE *file;

	(void)argc;
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 127;
	snprintf(path, sizeof(path), "%s/environment", dirname(self));
	file = fopen(path, "re");
	if (!file)
		return 127;
	unsetenv("LD_LIBRARY_PATH");
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (!program[0])
			strcpy(program, line);
		else if (line[0])
			putenv(strdup(line));
	}
	fclose(file);
	execv(program, argv);
	perror(program);
	return 127;
}
