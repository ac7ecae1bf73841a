// What every GEMM kernel shares: the constants block, the choice of operands, the epilogue.
//
//   D[m][n] = act(alpha · Σk opA(A)[m][k] · opB(B)[k][n] + beta · C[m][n] + bias)
//
// Slots: 0 A · 1 B · 2 C · 3 BIAS · 4 D. With SPLIT = 1 (a module of its own) also 5 P, the sums in f32
// that one dispatch leaves to the next when K is cut into several. C and BIAS are never touched unless
// USE_C and BIAS_AXIS say so.
//
//   parameter    id  meaning
//   A…BIAS_DTYPE 3-7  element types: 0 f32, 1 f16, 2 bf16
//   TRANSPOSE_A   8  A is stored [K][M] instead of [M][K]
//   TRANSPOSE_B   9  B is stored [N][K] instead of [K][N]
//   USE_C        10  C is read; beta = 0 plans give 0, so NaNs in C cannot leak
//   BIAS_AXIS    11  0 none, 1 BIAS[n], 2 BIAS[m]
//   ACTIVATION   12  0 none, 1 relu, 2 gelu, 3 gelu-tanh, 4 silu
//   VECTOR_A     13  4: rows of A start at multiples of 4 elements and LOAD4 is allowed; else 1
//   VECTOR_B     14  the same of B
//   VECTOR_D     15  the same of D
#ifndef TESSERA_GEMM_COMMON_H
#define TESSERA_GEMM_COMMON_H

#ifndef SPLIT
#define SPLIT 0
#endif

#include "gemm_activation.h"

PARAMETER(8, int, TRANSPOSE_A, 0)
PARAMETER(9, int, TRANSPOSE_B, 0)
PARAMETER(10, int, USE_C, 0)
PARAMETER(11, int, BIAS_AXIS, 0)
PARAMETER(13, int, VECTOR_A, 1)
PARAMETER(14, int, VECTOR_B, 1)
PARAMETER(15, int, VECTOR_D, 1)

// Rows, columns and products of this dispatch; strides in elements; three batch axes of extents (any,
// batch1, batch2), all counted by the grid's z axis; begin* is where in its bound range an operand
// starts, as ranges can only start at the device's alignment.
CONSTANT_BLOCK(
    int m; int n; int k;
    int strideA; int strideB; int strideC; int strideD;
    float alpha; float beta; int flags;
    int batch1; int batch2;
    int batchA0; int batchA1; int batchA2;
    int batchB0; int batchB1; int batchB2;
    int batchC0; int batchC1; int batchC2;
    int batchD0; int batchD1; int batchD2;
    int beginA; int beginB; int beginC; int beginD; int beginBias;)

#define PRODUCT_OF(X, i0, i1, i2) (i0 * p.batch##X##0 + i1 * p.batch##X##1 + i2 * p.batch##X##2)

// Where batch z of this dispatch lies in each operand.
#define GEMM_BATCH(z)                                                 \
  int batch2 = (z) % p.batch2;                                        \
  int batch1 = (z) / p.batch2 % p.batch1;                             \
  int batch0 = (z) / p.batch2 / p.batch1;                             \
  int startA = p.beginA + PRODUCT_OF(A, batch0, batch1, batch2);      \
  int startB = p.beginB + PRODUCT_OF(B, batch0, batch1, batch2);      \
  int startC = p.beginC + PRODUCT_OF(C, batch0, batch1, batch2);      \
  int startD = p.beginD + PRODUCT_OF(D, batch0, batch1, batch2);      \
  int startP = (z) * p.m * p.n;

// Finishes one element: alpha, beta·C, bias, activation.
#define GEMM_FINISH(value, sum, row, column)                                                \
  float value = p.alpha * (sum);                                                            \
  if (USE_C != 0) value = fma(p.beta, LOAD(C, startC + (row) * p.strideC + (column)), value); \
  if (BIAS_AXIS == 1) value += LOAD(BIAS, p.beginBias + (column));                          \
  if (BIAS_AXIS == 2) value += LOAD(BIAS, p.beginBias + (row));                             \
  value = gemm_activate(value);

#if SPLIT
#define FLAG_CONTINUE 1  // sums start from P instead of 0
#define FLAG_SUSPEND 2   // sums go to P; no epilogue
// Finishes or suspends one element that may lie past the last column.
#define GEMM_PUT(sum, row, column)                                                  \
  if ((column) < p.n) {                                                             \
    int at = startP + (row) * p.n + (column);                                       \
    float total = (p.flags & FLAG_CONTINUE) != 0 ? LOAD(P, at) + (sum) : (sum);     \
    if ((p.flags & FLAG_SUSPEND) != 0) {                                            \
      STORE(P, at, total);                                                          \
    } else {                                                                        \
      GEMM_FINISH(value, total, row, column)                                        \
      STORE(D, startD + (row) * p.strideD + (column), value);                       \
    }                                                                               \
  }
#else
#define GEMM_PUT(sum, row, column)                            \
  if ((column) < p.n) {                                       \
    GEMM_FINISH(value, sum, row, column)                      \
    STORE(D, startD + (row) * p.strideD + (column), value);   \
  }
#endif

#ifdef __OPENCL_VERSION__
#define GEMM_SLOTS INPUT_ARG(A), INPUT_ARG(B), INPUT_ARG(C), INPUT_ARG(BIAS), OUTPUT_ARG(D)
#define GEMM_OFFSETS OFFSET_ARG(A), OFFSET_ARG(B), OFFSET_ARG(C), OFFSET_ARG(BIAS), OFFSET_ARG(D)
#define GEMM_BIND_SLOTS BIND_INPUT(A) BIND_INPUT(B) BIND_INPUT(C) BIND_INPUT(BIAS) BIND_OUTPUT(D)
#if SPLIT
#define P_DTYPE 0
#define GEMM_ARGUMENTS GEMM_SLOTS, OUTPUT_ARG(P), GEMM_OFFSETS, OFFSET_ARG(P), Constants p
#define GEMM_BIND GEMM_BIND_SLOTS BIND_OUTPUT(P)
#else
#define GEMM_ARGUMENTS GEMM_SLOTS, GEMM_OFFSETS, Constants p
#define GEMM_BIND GEMM_BIND_SLOTS
#endif
#endif

#endif
