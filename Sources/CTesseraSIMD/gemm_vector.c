// At most 4 rows of D: every element of B is read once, straight from memory, so that bandwidth is
// the only limit. Two forms, by how B lies in memory: dot products where K is contiguous, sums of
// scaled rows where columns are.
#include "gemm.h"
#include <string.h>

typedef float v8 __attribute__((vector_size(32), aligned(4)));
enum { ROWS = 4, SLACK = 16 };

int64_t tessera_gemm_vector_floats(int64_t tile_n, int64_t tile_k) {
  // Results, a piece of A, four converted rows of B.
  return ROWS * tile_n + ROWS * tile_k + 4 * (tile_n > tile_k ? tile_n : tile_k) + SLACK;
}

static inline __attribute__((always_inline)) void dot_rows(
    int rows, const float *a, int64_t lda, const float *b, int64_t count, float *out,
    int64_t stride) {
  v8 s[ROWS][4] = {0};
  int64_t p = 0;
  for (; p + 32 <= count; p += 32)
    for (int u = 0; u < 4; u++) {
      v8 y = *(const v8 *)(b + p + 8 * u);
      for (int r = 0; r < rows; r++) s[r][u] += *(const v8 *)(a + r * lda + p + 8 * u) * y;
    }
  for (int r = 0; r < rows; r++) {
    v8 t = (s[r][0] + s[r][1]) + (s[r][2] + s[r][3]);
    float total = ((t[0] + t[4]) + (t[2] + t[6])) + ((t[1] + t[5]) + (t[3] + t[7]));
    for (int64_t q = p; q < count; q++) total += a[r * lda + q] * b[q];
    out[r * stride] += total;
  }
}

// out[r·stride] += Σp a[r][p]·b[p]
TESSERA_CLONES
void tessera_dot(
    int64_t rows, const float *a, int64_t lda, const float *b, int64_t count, float *out,
    int64_t stride) {
  switch (rows) {
  case 1: dot_rows(1, a, lda, b, count, out, stride); break;
  case 2: dot_rows(2, a, lda, b, count, out, stride); break;
  case 3: dot_rows(3, a, lda, b, count, out, stride); break;
  default: dot_rows(4, a, lda, b, count, out, stride); break;
  }
}

// out[j] += Σ_{u<4} a[u]·b_u[j]
TESSERA_CLONES
void tessera_add_rows(
    const float *a, const float *b0, const float *b1, const float *b2, const float *b3,
    int64_t count, float *restrict out) {
  float x0 = a[0], x1 = a[1], x2 = a[2], x3 = a[3];
  for (int64_t j = 0; j < count; j++)
    out[j] += (x0 * b0[j] + x1 * b1[j]) + (x2 * b2[j] + x3 * b3[j]);
}

TESSERA_CLONES
void tessera_add_row(float a, const float *b, int64_t count, float *restrict out) {
  for (int64_t j = 0; j < count; j++) out[j] += a * b[j];
}

// A run of B as f32: where it lies if it is f32, otherwise converted into `room`.
static const float *run_of(
    const tessera_gemm *g, const void *b, int64_t offset, int64_t count, float *room) {
  if (g->b.type == TESSERA_GEMM_F32) return (const float *)b + offset;
  tessera_load(g->b.type, b, offset, 1, count, room);
  return room;
}

void tessera_gemm_vector(
    const tessera_gemm *g, int64_t x, int64_t z, const tessera_gemm_operands *operands,
    float *local) {
  tessera_gemm_offsets offsets = tessera_gemm_batch(g, g->batch_start + z);
  int64_t j0 = x * g->tile_n, columns = tessera_min(g->tile_n, g->n - j0);
  int64_t lane = g->tile_n > g->tile_k ? g->tile_n : g->tile_k;
  float *result = local;                                    // [ROWS][tile_n]
  float *a = result + ROWS * g->tile_n;                     // [ROWS][tile_k]
  float *room = a + ROWS * g->tile_k;                       // [4][lane]
  memset(result, 0, (size_t)(ROWS * g->tile_n) * 4);
  for (int64_t p = 0; p < g->k; p += g->tile_k) {
    int64_t kc = tessera_min(g->tile_k, g->k - p);
    for (int64_t r = 0; r < g->m; r++)
      tessera_load(
          g->a.type, operands->a, offsets.a + r * g->a.row + p * g->a.column, g->a.column, kc,
          a + r * g->tile_k);
    int64_t start = offsets.b + p * g->b.row + j0 * g->b.column;
    if (g->b.row == 1) {
      for (int64_t j = 0; j < columns; j++)
        tessera_dot(
            g->m, a, g->tile_k, run_of(g, operands->b, start + j * g->b.column, kc, room), kc,
            result + j, g->tile_n);
      continue;
    }
    int64_t q = 0;
    for (; q + 4 <= kc; q += 4) {
      const float *b[4];
      for (int u = 0; u < 4; u++)
        b[u] = run_of(g, operands->b, start + (q + u) * g->b.row, columns, room + u * lane);
      for (int64_t r = 0; r < g->m; r++)
        tessera_add_rows(
            a + r * g->tile_k + q, b[0], b[1], b[2], b[3], columns, result + r * g->tile_n);
    }
    for (; q < kc; q++) {
      const float *b = run_of(g, operands->b, start + q * g->b.row, columns, room);
      for (int64_t r = 0; r < g->m; r++)
        tessera_add_row(a[r * g->tile_k + q], b, columns, result + r * g->tile_n);
    }
  }
  for (int64_t r = 0; r < g->m; r++)
    tessera_gemm_epilogue(g, operands, &offsets, r, j0, columns, result + r * g->tile_n);
}
