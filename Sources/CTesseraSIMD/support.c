#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "tessera_simd.h"
#include "clones.h"
#include <string.h>
#if defined(__linux__)
#include <sched.h>
#endif

int32_t tessera_vector_width(void) {
#if defined(__x86_64__) && defined(__linux__)
  if (__builtin_cpu_supports("x86-64-v4")) return 16;
  if (__builtin_cpu_supports("x86-64-v3")) return 8;
#endif
  return 4;
}

TESSERA_CLONES
void tessera_fill_u32(void *destination, uint32_t pattern, size_t count) {
  unsigned char *bytes = destination;
  for (size_t i = 0; i < count; i++) memcpy(bytes + 4 * i, &pattern, 4);
}

int32_t tessera_affinity_count(void) {
#if defined(__linux__)
  cpu_set_t mask;
  // Fails on machines with more processors than the fixed mask holds.
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) return CPU_COUNT(&mask);
#endif
  return 0;
}
