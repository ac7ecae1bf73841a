// Matrix product by warps' tensor cores; see gemm_mma.h.
#include "prelude.h"
#include "gemm_activation.h"
#include "gemm_tensor.h"
#include "mma_ptx.h"
#include "gemm_mma.h"

__kernel __attribute__((reqd_work_group_size(THREADS, 1, 1))) void gemm_mma(
    INPUT_ARG(A), INPUT_ARG(B), INPUT_ARG(C), INPUT_ARG(BIAS), OUTPUT_ARG(D), __global float *S_base,
    OFFSET_ARG(A), OFFSET_ARG(B), OFFSET_ARG(C), OFFSET_ARG(BIAS), OFFSET_ARG(D), ulong S_offset,
    Constants p) {
  BIND_INPUT(A) BIND_INPUT(B) BIND_INPUT(C) BIND_INPUT(BIAS) BIND_OUTPUT(D)
  __local uchar memory[STAGES * STAGE_BYTES] __attribute__((aligned(128)));
  uint base = (uint)(size_t)memory;

  // Indices.
  int thread = LOCAL_ID(0);
  int lane = thread % 32;
  int warp = thread / 32;
  int tilesM = (p.m + TILE_M - 1) / TILE_M;
  int tilesN = (p.n + TILE_N - 1) / TILE_N;
  int group = GROUP_ID(0) / (GROUP_M * tilesN);
  int inGroup = GROUP_ID(0) % (GROUP_M * tilesN);
  int height = min(tilesM - group * GROUP_M, GROUP_M);
  int row = (group * GROUP_M + inGroup % height) * TILE_M;
  int column = inGroup / height * TILE_N;
  int first = GROUP_ID(1) * p.splitK;
  int end = min(p.k, first + p.splitK);
  int batch = GROUP_ID(2);
  int b2 = batch % p.extents[2];
  int b1 = batch / p.extents[2] % p.extents[1];
  int b0 = batch / p.extents[2] / p.extents[1];
  __global const ushort *a =
      (__global const ushort *)A + (b0 * p.batchA[0] + b1 * p.batchA[1] + b2 * p.batchA[2]);
  __global const ushort *b =
      (__global const ushort *)B + (b0 * p.batchB[0] + b1 * p.batchB[1] + b2 * p.batchB[2]);
  int warpM = warp / WARPS_N * (16 * WORK_M);
  int warpN = warp % WARPS_N * (8 * WORK_N);
  int steps = (end - first + TILE_K - 1) / TILE_K;

#define BRING(step)                                                                                  \
  {                                                                                                  \
    uint stage = base + (step) % STAGES * STAGE_BYTES;                                               \
    int k = first + (step) * TILE_K;                                                                 \
    bring_tile(stage, a, p.strideA, thread, TILE_M, !TRANSPOSE_A, COPY_A, row, p.m, k, end);         \
    bring_tile(stage + BYTES_A, b, p.strideB, thread, TILE_N, TRANSPOSE_B, COPY_B, column, p.n, k, end); \
  }

  // Prologue.
  float sums[WORK_M][WORK_N][4];
  UNROLL
  for (int i = 0; i < WORK_M; i++) {
    UNROLL
    for (int j = 0; j < WORK_N; j++) sums[i][j][0] = sums[i][j][1] = sums[i][j][2] = sums[i][j][3] = 0.0f;
  }
  UNROLL
  for (int step = 0; step < STAGES - 1; step++) {
    if (step < steps) BRING(step)
    COPY_COMMIT();
  }

  // Main loop.
  for (int step = 0; step < steps; step++) {
    COPY_WAIT_STEP();
    BARRIER();
    if (step + STAGES - 1 < steps) BRING(step + STAGES - 1)
    COPY_COMMIT();
    uint tileA = base + step % STAGES * STAGE_BYTES;
    uint tileB = tileA + BYTES_A;
    UNROLL
    for (int part = 0; part < 2; part++) {
      uint fa[WORK_M][4];
      uint fb[WORK_N / 2][4];
      UNROLL
      for (int i = 0; i < WORK_M; i++) {
#if TRANSPOSE_A
        load_matrices_transposed(
            fa[i], along_mn(tileA, TILE_M, 16 * part + lane % 8 + lane / 16 * 8,
                            (warpM + 16 * i) / 8 + lane / 8 % 2));
#else
        load_matrices(fa[i], along_k(tileA, warpM + 16 * i + lane % 16, 2 * part + lane / 16));
#endif
      }
      UNROLL
      for (int j = 0; j < WORK_N / 2; j++) {
#if TRANSPOSE_B
        load_matrices(
            fb[j], along_k(tileB, warpN + 16 * j + lane % 8 + lane / 16 * 8, 2 * part + lane / 8 % 2));
#else
        load_matrices_transposed(
            fb[j], along_mn(tileB, TILE_N, 16 * part + lane % 16, (warpN + 16 * j) / 8 + lane / 16));
#endif
      }
      UNROLL
      for (int i = 0; i < WORK_M; i++) {
        UNROLL
        for (int j = 0; j < WORK_N; j++)
          MMA(ELEMENT, sums[i][j], fa[i], fb[j / 2][j % 2 * 2], fb[j / 2][j % 2 * 2 + 1]);
      }
    }
  }

  // Epilogue.
#if SPLIT
  long width = (p.n + 3) & ~3;
  __global float *to = (__global float *)((__global uchar *)S_base + S_offset) +
                       ((long)batch * p.splits + GROUP_ID(1)) * (width * p.m);
#else
  __global TSR_STORAGE(D) *to = D + (b0 * p.batchD[0] + b1 * p.batchD[1] + b2 * p.batchD[2]);
#if USE_C
  __global const TSR_STORAGE(C) *from = C + (b0 * p.batchC[0] + b1 * p.batchC[1] + b2 * p.batchC[2]);
#endif
#endif
  UNROLL
  for (int i = 0; i < WORK_M; i++) {
    UNROLL
    for (int j = 0; j < WORK_N; j++) {
      UNROLL
      for (int e = 0; e < 4; e++) {
        int r = row + warpM + 16 * i + lane / 4 + e / 2 * 8;
        int c = column + warpN + 8 * j + lane % 4 * 2 + e % 2;
        if (r < p.m && c < p.n) {
#if SPLIT
          to[r * width + c] = sums[i][j][e];
#else
          float value = p.alpha * sums[i][j][e];
#if USE_C
          value = fma(p.beta, TSR_PASTE(tsr_load_, C_DTYPE)(from + r * p.strideC, c), value);
#endif
#if BIAS_AXIS == 1
          value += LOAD(BIAS, c);
#elif BIAS_AXIS == 2
          value += LOAD(BIAS, r);
#endif
          TSR_PASTE(tsr_store_, D_DTYPE)(to + r * p.strideD, c, gemm_activate(value));
#endif
        }
      }
    }
  }
}
