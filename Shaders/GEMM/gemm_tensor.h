// What the tensor-core products share: constants, and the type of A and B as instructions name it.
//
//   parameter        meaning
//   A_DTYPE B_DTYPE  1 f16, 2 bf16; the same
//   TRANSPOSE_A, _B  as in gemm_common.h, as are USE_C, BIAS_AXIS, ACTIVATION
//   SPLIT            1: f32 sums of each part of K go to S, one matrix for each part of each batch entry, in
//                    rows of whole 16 bytes; gemm_join adds and finishes them
#ifndef TESSERA_GEMM_TENSOR_H
#define TESSERA_GEMM_TENSOR_H

typedef struct {
  int m, n, k;
  int splits, splitK;  // parts of K, and products of a part: a multiple of 64
  int extents[3];      // batch axes, outermost first
  // In elements; batch strides are 0 along axes that an operand repeats along.
  long strideA, strideB, strideC, strideD;
  long batchA[3], batchB[3], batchC[3], batchD[3];
  float alpha, beta;
} Constants;

#if A_DTYPE == 1
#define ELEMENT "f16"
#else
#define ELEMENT "bf16"
#endif

#endif
