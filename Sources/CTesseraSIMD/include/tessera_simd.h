#pragma once
#include <stddef.h>
#include <stdint.h>

// All of the module's headers: a header that none names is not noticed by an incremental build.
#include "tessera_attention.h"
#include "tessera_cache.h"
#include "tessera_gemm.h"
#include "tessera_halves.h"
#include "tessera_hpc.h"
#include "tessera_lists.h"
#include "tessera_list_attention.h"
#include "tessera_parts.h"
#include "tessera_patterns.h"
#include "tessera_select.h"

// C loops that Swift cannot express well on baseline x86-64: the compiler emits a version per
// instruction set and the loader picks one (ifunc), so one binary runs everywhere.

// Bulk conversions of 16-bit storage types. Source or destination may be unaligned where `void *`.
void tessera_f16_to_f32(const void *_Nonnull source, float *_Nonnull destination, size_t count);
void tessera_f32_to_f16(const float *_Nonnull source, void *_Nonnull destination, size_t count);
void tessera_bf16_to_f32(const void *_Nonnull source, float *_Nonnull destination, size_t count);
void tessera_f32_to_bf16(const float *_Nonnull source, void *_Nonnull destination, size_t count);

// Floats per vector register of the clones that the loader picked: 16, 8 or 4.
int32_t tessera_vector_width(void);
// Processors this thread may run on; 0 where the system does not say.
int32_t tessera_affinity_count(void);
// Writes `count` 32-bit words; the destination need not be aligned.
void tessera_fill_u32(void *_Nonnull destination, uint32_t pattern, size_t count);

// Tells the processor that this is a waiting loop.
static inline void tessera_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb" ::: "memory");
#endif
}
