#pragma once
// One compiled version per instruction set, chosen by the loader. Only where ifunc exists, and not
// under the thread sanitizer: the loader calls the instrumented choosers before its runtime is up.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TESSERA_NO_CLONES 1
#endif
#endif
#if defined(__x86_64__) && defined(__linux__) && !defined(TESSERA_NO_CLONES)
#define TESSERA_CLONES \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define TESSERA_CLONES
#endif
