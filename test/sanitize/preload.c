// Loaded into the process under test between the libraries of AddressSanitizer and UBSan. It counts, and
// makes the environment what it would be without them: the command refuses one that steers the loader.
//
// The counts are in a file that is mapped before the command begins, because later it closes what it
// inherited, changes its mounts and user, and may open nothing for writing.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

// As test/sanitize/counts.ts reads them.
static struct counts {
  uint32_t started, reports;
} *counts;

static void reported(void) { __atomic_add_fetch(&counts->reports, 1, __ATOMIC_SEQ_CST); }

static void fail(const char *what) {
  perror(what);
  _exit(77);
}

// Each has a runtime of its own, and each of these calls `reported` when it ends the process.
static void watch(const char *library) {
  void *handle = dlopen(library, RTLD_NOW | RTLD_NOLOAD);
  void (*set)(void (*)(void)) = NULL;
  if (handle) *(void **)&set = dlsym(handle, "__sanitizer_set_death_callback");
  if (!set) fail(library);
  set(reported);
}

// UBSan asks for its options at its first report, when the command may be too poor in privileges to read
// them from its environment. This definition comes before UBSan's own.
const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void) { return UBSAN_OPTIONS; }

__attribute__((constructor)) static void begin(void) {
  const char *file = getenv("CRIU_GC_SANITIZED");
  int fd = open(file ? file : "", O_RDWR | O_CLOEXEC);
  if (fd < 0) fail("CRIU_GC_SANITIZED");
  counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (counts == MAP_FAILED) fail("mmap");
  close(fd);
  watch(LIBASAN);
  watch(LIBUBSAN);
  __atomic_add_fetch(&counts->started, 1, __ATOMIC_SEQ_CST);
  unsetenv("CRIU_GC_SANITIZED");
  unsetenv("LD_PRELOAD");
  unsetenv("ASAN_OPTIONS");
}
