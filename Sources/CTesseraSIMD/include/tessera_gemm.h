#pragma once
#include <stddef.h>
#include <stdint.h>

// One matrix product D = act(alpha·op(A)·op(B) + beta·C + bias) as the CPU kernels see it: every
// transposition is already in the strides, so that an operand's element (r, c) lies at
// r·row + c·column. Of the two strides of A and of B at least one is 1 (or its extent is).
enum { TESSERA_GEMM_F32, TESSERA_GEMM_F16, TESSERA_GEMM_BF16 };
enum { TESSERA_GEMM_BIAS_NONE, TESSERA_GEMM_BIAS_PER_COLUMN, TESSERA_GEMM_BIAS_PER_ROW };
enum {
  TESSERA_GEMM_LINEAR, TESSERA_GEMM_RELU, TESSERA_GEMM_GELU, TESSERA_GEMM_GELU_TANH,
  TESSERA_GEMM_SILU
};

typedef struct tessera_gemm_matrix {
  int64_t row, column;  // strides in elements
  int64_t type;
} tessera_gemm_matrix;

typedef struct tessera_gemm {
  int64_t m, n, k;
  tessera_gemm_matrix a, b, c, d;
  int64_t bias_type, bias_axis, activation;
  // Columns [column_start, column_start + column_count) and batches from batch_start are this
  // dispatch's part.
  int64_t column_start, column_count, batch_start;
  // Floats from one batch's packed B to the next; 0 if all use the same.
  int64_t packed_stride;
  int64_t tile_m, tile_n, tile_k;     // a workgroup's block of D, and the step along K
  int64_t micro_m, micro_n;           // the register tile: 6 × 16 or 12 × 32
  int64_t axes;                       // batch axes that follow this struct
  float alpha, beta;
} tessera_gemm;

// One batch axis; follows `tessera_gemm` in the constants, outermost first.
typedef struct tessera_gemm_axis {
  int64_t extent, a, b, c, d;         // strides in elements
} tessera_gemm_axis;

// Where a kernel finds its operands. `b` is the packed form where the kernel takes that.
typedef struct tessera_gemm_operands {
  const void *_Nullable a;
  const void *_Nullable b;
  const void *_Nullable c;
  const void *_Nullable bias;
  void *_Nonnull d;
} tessera_gemm_operands;

// Floats of local memory the kernels need.
int64_t tessera_gemm_block_floats(
    int64_t tile_m, int64_t tile_n, int64_t tile_k, int64_t packs_b);
int64_t tessera_gemm_vector_floats(int64_t tile_n, int64_t tile_k);

// Packs rows [y·tile_k, …) and columns column_start + [x·tile_n, …) of batch z's B into panels.
void tessera_gemm_pack(
    const tessera_gemm *_Nonnull g, int64_t x, int64_t y, int64_t z, const void *_Nonnull b,
    float *_Nonnull packed);
// Computes rows [x·tile_m, …) and columns column_start + [y·tile_n, …) of batch z.
void tessera_gemm_block(
    const tessera_gemm *_Nonnull g, int64_t x, int64_t y, int64_t z, int32_t packs_b,
    const tessera_gemm_operands *_Nonnull operands, float *_Nonnull local);
// Computes columns [x·tile_n, …) of all of at most 4 rows of batch z, reading B once.
void tessera_gemm_vector(
    const tessera_gemm *_Nonnull g, int64_t x, int64_t z,
    const tessera_gemm_operands *_Nonnull operands, float *_Nonnull local);
