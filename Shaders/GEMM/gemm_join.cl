// Second pass of a product whose K was cut into parts: adds the parts' sums in their order and finishes
// what gemm_hopper and gemm_mma leave, D = act(alpha · Σ parts + beta · C + bias).
//
// An invocation takes four columns of a row; S holds rows of whole 16 bytes (see gemm_hopper.h).
#include "prelude.h"
#include "gemm_activation.h"

typedef struct {
  int m, n;
  int splits;
  int extents[3];
  long strideC, strideD;
  long batchC[3], batchD[3];
  float alpha, beta;
} Constants;

__kernel __attribute__((reqd_work_group_size(128, 1, 1))) void gemm_join(
    INPUT_ARG(S), INPUT_ARG(C), INPUT_ARG(BIAS), OUTPUT_ARG(D), OFFSET_ARG(S), OFFSET_ARG(C),
    OFFSET_ARG(BIAS), OFFSET_ARG(D), Constants p) {
  BIND_INPUT(S) BIND_INPUT(C) BIND_INPUT(BIAS) BIND_OUTPUT(D)
  // Indices.
  long pieces = (p.n + 3) / 4;
  long at = (long)GROUP_ID(0) * 128 + LOCAL_ID(0);
  if (at >= pieces * p.m) return;
  int row = (int)(at / pieces);
  int column = (int)(at % pieces) * 4;
  int batch = GROUP_ID(1);
  int b2 = batch % p.extents[2];
  int b1 = batch / p.extents[2] % p.extents[1];
  int b0 = batch / p.extents[2] / p.extents[1];

  // Main loop.
  long matrix = pieces * 4 * p.m;
  __global const float4 *part = (__global const float4 *)(S + matrix * batch * p.splits + at * 4);
  float4 total = part[0];
  for (int i = 1; i < p.splits; i++) total += part[i * (matrix / 4)];

  // Epilogue.
  float values[4] = {total.x, total.y, total.z, total.w};
  __global TSR_STORAGE(D) *to = D + (b0 * p.batchD[0] + b1 * p.batchD[1] + b2 * p.batchD[2] + row * p.strideD);
#if USE_C
  __global const TSR_STORAGE(C) *from =
      C + (b0 * p.batchC[0] + b1 * p.batchC[1] + b2 * p.batchC[2] + row * p.strideC);
#endif
  UNROLL
  for (int i = 0; i < 4; i++) {
    if (column + i >= p.n) break;
    float value = p.alpha * values[i];
#if USE_C
    value = fma(p.beta, TSR_PASTE(tsr_load_, C_DTYPE)(from, column + i), value);
#endif
#if BIAS_AXIS == 1
    value += LOAD(BIAS, column + i);
#elif BIAS_AXIS == 2
    value += LOAD(BIAS, row);
#endif
    TSR_PASTE(tsr_store_, D_DTYPE)(to, column + i, gemm_activate(value));
  }
}
