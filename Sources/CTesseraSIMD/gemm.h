#pragma once
#include "tessera_gemm.h"
#include "tessera_simd.h"
#include "clones.h"

// Longest run of elements converted at once: bounds the temporaries on the stack.
#define TESSERA_RUN 512
// Largest step along K.
#define TESSERA_TILE_K 512

static inline int64_t tessera_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t tessera_round_up(int64_t a, int64_t b) { return (a + b - 1) / b * b; }
static inline int64_t tessera_size(int64_t type) { return type == TESSERA_GEMM_F32 ? 4 : 2; }

// Element offsets of batch `index` in every operand.
typedef struct tessera_gemm_offsets {
  int64_t a, b, c, d;
} tessera_gemm_offsets;
tessera_gemm_offsets tessera_gemm_batch(const tessera_gemm *g, int64_t index);

// Reads `count` elements `stride` apart as f32.
void tessera_load(
    int64_t type, const void *base, int64_t offset, int64_t stride, int64_t count, float *out);
// Writes `count` elements `stride` apart, rounding once.
void tessera_store(
    int64_t type, void *base, int64_t offset, int64_t stride, int64_t count, const float *in);

// Packs `kc` × `count` elements (p, j) at p·k_stride + j·j_stride into panels [kc][width] of f32,
// the last one filled up with zeros. May write 8 floats past the last panel.
void tessera_pack_panels(
    int64_t type, const void *base, int64_t offset, int64_t k_stride, int64_t j_stride, int64_t kc,
    int64_t count, int64_t width, int64_t panel_stride, float *out);

// tile[i][j] (+)= Σp a[p][i]·b[p][j] for every pair of panels.
void tessera_multiply_6x16(
    int64_t kc, int64_t row_panels, int64_t column_panels, const float *a, const float *b,
    float *tile, int64_t ld, int32_t accumulate);
void tessera_multiply_12x32(
    int64_t kc, int64_t row_panels, int64_t column_panels, const float *a, const float *b,
    float *tile, int64_t ld, int32_t accumulate);

// Finishes and stores `count` products of row `row` from column `column` on; `product` is used up.
void tessera_gemm_epilogue(
    const tessera_gemm *g, const tessera_gemm_operands *operands, const tessera_gemm_offsets *offsets,
    int64_t row, int64_t column, int64_t count, float *product);
