#include "gemm.h"
#include <string.h>

tessera_gemm_offsets tessera_gemm_batch(const tessera_gemm *g, int64_t index) {
  const tessera_gemm_axis *axes = (const tessera_gemm_axis *)(g + 1);
  tessera_gemm_offsets offsets = {0, 0, 0, 0};
  for (int64_t axis = g->axes - 1; axis >= 0; axis--) {
    int64_t position = index % axes[axis].extent;
    index /= axes[axis].extent;
    offsets.a += position * axes[axis].a;
    offsets.b += position * axes[axis].b;
    offsets.c += position * axes[axis].c;
    offsets.d += position * axes[axis].d;
  }
  return offsets;
}

// Interleaving may write 8 floats past a buffer; 16 keeps what follows aligned.
enum { SLACK = 16 };

int64_t tessera_gemm_block_floats(
    int64_t tile_m, int64_t tile_n, int64_t tile_k, int64_t packs_b) {
  return tile_m * tile_n + tile_m * tile_k + SLACK + (packs_b ? tile_n * tile_k + SLACK : 0);
}

void tessera_gemm_pack(
    const tessera_gemm *g, int64_t x, int64_t y, int64_t z, const void *b, float *packed) {
  tessera_gemm_offsets offsets = tessera_gemm_batch(g, g->batch_start + z);
  int64_t width = tessera_round_up(g->column_count, g->micro_n);
  int64_t j = x * g->tile_n, count = tessera_min(g->tile_n, g->column_count - j);
  int64_t p = y * g->tile_k, kc = tessera_min(g->tile_k, g->k - p);
  tessera_pack_panels(
      g->b.type, b, offsets.b + p * g->b.row + (g->column_start + j) * g->b.column, g->b.row,
      g->b.column, kc, count, g->micro_n, kc * g->micro_n,
      packed + z * g->packed_stride + p * width + j * kc);
}

void tessera_gemm_block(
    const tessera_gemm *g, int64_t x, int64_t y, int64_t z, int32_t packs_b,
    const tessera_gemm_operands *operands, float *local) {
  tessera_gemm_offsets offsets = tessera_gemm_batch(g, g->batch_start + z);
  int64_t i0 = x * g->tile_m, rows = tessera_min(g->tile_m, g->m - i0);
  int64_t j0 = y * g->tile_n, columns = tessera_min(g->tile_n, g->column_count - j0);
  int64_t width = tessera_round_up(g->column_count, g->micro_n);
  int64_t row_panels = (rows + g->micro_m - 1) / g->micro_m;
  int64_t column_panels = (columns + g->micro_n - 1) / g->micro_n;
  float *tile = local;                                      // [tile_m][tile_n]
  float *a = tile + g->tile_m * g->tile_n;                  // [tile_m / micro_m][kc][micro_m]
  float *own = a + g->tile_m * g->tile_k + SLACK;           // [tile_n / micro_n][kc][micro_n]
  if (g->k == 0) memset(tile, 0, (size_t)(g->tile_m * g->tile_n) * 4);
  for (int64_t p = 0; p < g->k; p += g->tile_k) {
    int64_t kc = tessera_min(g->tile_k, g->k - p);
    tessera_pack_panels(
        g->a.type, operands->a, offsets.a + i0 * g->a.row + p * g->a.column, g->a.column, g->a.row,
        kc, rows, g->micro_m, kc * g->micro_m, a);
    const float *b = (const float *)operands->b + z * g->packed_stride + p * width + j0 * kc;
    if (packs_b) {
      tessera_pack_panels(
          g->b.type, operands->b,
          offsets.b + p * g->b.row + (g->column_start + j0) * g->b.column, g->b.row, g->b.column,
          kc, columns, g->micro_n, kc * g->micro_n, own);
      b = own;
    }
    if (g->micro_m == 12)
      tessera_multiply_12x32(kc, row_panels, column_panels, a, b, tile, g->tile_n, p > 0);
    else
      tessera_multiply_6x16(kc, row_panels, column_panels, a, b, tile, g->tile_n, p > 0);
  }
  for (int64_t i = 0; i < rows; i++)
    tessera_gemm_epilogue(
        g, operands, &offsets, i0 + i, g->column_start + j0, columns, tile + i * g->tile_n);
}
