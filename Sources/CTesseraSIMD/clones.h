#pragma once
// One compiled version per instruction set, chosen by the loader. Only where ifunc exists.
#if defined(__x86_64__) && defined(__linux__)
#define TESSERA_CLONES \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define TESSERA_CLONES
#endif
