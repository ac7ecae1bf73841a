#pragma once
#include <stddef.h>
#include <stdint.h>

// C loops that Swift cannot express well on baseline x86-64: the compiler emits a version per
// instruction set and the loader picks one (ifunc), so one binary runs everywhere.

// Bulk conversions of 16-bit storage types. Source or destination may be unaligned where `void *`.
void tessera_f16_to_f32(const void *_Nonnull source, float *_Nonnull destination, size_t count);
void tessera_f32_to_f16(const float *_Nonnull source, void *_Nonnull destination, size_t count);
void tessera_bf16_to_f32(const void *_Nonnull source, float *_Nonnull destination, size_t count);
void tessera_f32_to_bf16(const float *_Nonnull source, void *_Nonnull destination, size_t count);
