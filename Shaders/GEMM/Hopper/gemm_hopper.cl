// Matrix product on Hopper's tensor cores; see gemm_hopper.h.
#include "prelude.h"
#include "gemm_activation.h"
#include "gemm_tensor.h"
#include "hopper_ptx.h"
#include "hopper_map.h"
#include "hopper_wgmma.h"
#include "gemm_hopper.h"

// Axes of a map behind the first: rows, then the batch's. An axis the operand repeats along has extent 1.
#if BATCHED
#define OPERAND_AXES(at, rows, rowBytes, box, X)                                       \
  MAP_AXIS(at, 1, rows, box)                                                           \
  MAP_STRIDE(at, 0, rowBytes)                                                          \
  MAP_AXIS(at, 2, p.batch##X[2] != 0 ? p.extents[2] : 1, 1)                            \
  MAP_STRIDE(at, 1, p.batch##X[2] != 0 ? p.batch##X[2] * ELEMENT_BYTES : rowBytes)     \
  MAP_AXIS(at, 3, p.batch##X[1] != 0 ? p.extents[1] : 1, 1)                            \
  MAP_STRIDE(at, 2, p.batch##X[1] != 0 ? p.batch##X[1] * ELEMENT_BYTES : rowBytes)     \
  MAP_AXIS(at, 4, p.batch##X[0] != 0 ? p.extents[0] : 1, 1)                            \
  MAP_STRIDE(at, 3, p.batch##X[0] != 0 ? p.batch##X[0] * ELEMENT_BYTES : rowBytes)
#define OPERAND_RANK "4"
#define LOAD_BOX(to, map, barrier, x, y, X)                                             \
  load_box5(to, map, barrier, x, y, p.batch##X[2] != 0 ? unit.b2 : 0,                    \
            p.batch##X[1] != 0 ? unit.b1 : 0, p.batch##X[0] != 0 ? unit.b0 : 0)
#else
#define OPERAND_AXES(at, rows, rowBytes, box, X) \
  MAP_AXIS(at, 1, rows, box)                     \
  MAP_STRIDE(at, 0, rowBytes)
#define OPERAND_RANK "1"
#define LOAD_BOX(to, map, barrier, x, y, X) load_box2(to, map, barrier, x, y)
#endif

#define ELEMENT_BYTES 2

__kernel __attribute__((reqd_work_group_size(THREADS, 1, 1))) void gemm_hopper(
    INPUT_ARG(A), INPUT_ARG(B), INPUT_ARG(C), INPUT_ARG(BIAS), OUTPUT_ARG(D), __global uchar *S_base,
    OFFSET_ARG(A), OFFSET_ARG(B), OFFSET_ARG(C), OFFSET_ARG(BIAS), OFFSET_ARG(D), ulong S_offset,
    Constants p) {
  BIND_INPUT(A) BIND_INPUT(B) BIND_INPUT(C) BIND_INPUT(BIAS) BIND_OUTPUT(D)
  __local uchar memory[LOCAL_BYTES] __attribute__((aligned(1024)));
  uint base = ((uint)(size_t)memory + 1023) & ~1023u;
  uint full = base + AT_BARRIERS;
  uint empty = full + 8 * STAGES;

  // Indices.
  int thread = LOCAL_ID(0);
  int group = thread / 128;
  int lane = thread % 32;
  int units = unit_count(&p);
  ulong maps = (ulong)(S_base + S_offset) + (ulong)GROUP_ID(0) * (3 * MAP_BYTES);
  ulong mapA = maps, mapB = maps + MAP_BYTES, mapD = maps + 2 * MAP_BYTES;

  // Prologue: a warp for each map, the fourth for the barriers.
  uint at = base + AT_MAPS + MAP_BYTES * (thread / 32);
  if (thread < 96) {
    asm volatile("st.shared.u32 [%0], 0;" ::"r"(at + 4 * lane) : "memory");
    warp_sync();
    if (thread == 0) {
      MAP_BASE(at, (ulong)A, OPERAND_RANK, ELEMENT_CODE)
#if TRANSPOSE_A
      MAP_AXIS(at, 0, p.m, 64)
      OPERAND_AXES(at, p.k, p.strideA * ELEMENT_BYTES, 64, A)
#else
      MAP_AXIS(at, 0, p.k, 64)
      OPERAND_AXES(at, p.m, p.strideA * ELEMENT_BYTES, BOX_M, A)
#endif
    } else if (thread == 32) {
      MAP_BASE(at, (ulong)B, OPERAND_RANK, ELEMENT_CODE)
#if TRANSPOSE_B
      MAP_AXIS(at, 0, p.k, 64)
      OPERAND_AXES(at, p.n, p.strideB * ELEMENT_BYTES, BOX_N, B)
#else
      MAP_AXIS(at, 0, p.n, 64)
      OPERAND_AXES(at, p.k, p.strideB * ELEMENT_BYTES, 64, B)
#endif
    } else if (thread == 64) {
#if SPLIT
      // Sums lie behind the maps of all workgroups, rows of whole 16 bytes.
      long rowBytes = 4 * (long)((p.n + 3) & ~3);
      ulong sums = (ulong)(S_base + S_offset) + (ulong)GROUP_COUNT(0) * (3 * MAP_BYTES);
      MAP_BASE(at, sums, "2", OUT_CODE)
      MAP_AXIS(at, 0, p.n, SLOT_COLUMNS)
      MAP_AXIS(at, 1, p.m, 64)
      MAP_STRIDE(at, 0, rowBytes)
      MAP_AXIS(at, 2, p.splits * p.extents[0] * p.extents[1] * p.extents[2], 1)
      MAP_STRIDE(at, 1, rowBytes * p.m)
#elif BATCHED
      MAP_BASE(at, (ulong)D, "4", OUT_CODE)
      MAP_AXIS(at, 0, p.n, SLOT_COLUMNS)
#undef ELEMENT_BYTES
#define ELEMENT_BYTES OUT_BYTES
      OPERAND_AXES(at, p.m, p.strideD * OUT_BYTES, 64, D)
#else
      MAP_BASE(at, (ulong)D, "2", OUT_CODE)
      MAP_AXIS(at, 0, p.n, SLOT_COLUMNS)
      MAP_AXIS(at, 1, p.m, 64)
      MAP_STRIDE(at, 0, p.strideD * OUT_BYTES)
      MAP_AXIS(at, 2, 1, 1)
      MAP_STRIDE(at, 1, p.strideD * OUT_BYTES)
#endif
    }
    warp_sync();
    map_publish(maps + MAP_BYTES * (thread / 32), at);
  } else if (thread == 96) {
    for (int i = 0; i < STAGES; i++) {
      barrier_init(full + 8 * i, 1);
      barrier_init(empty + 8 * i, WARPGROUPS);
    }
    barrier_fence();
  }
  BARRIER();

  uint s = 0;
  if (group == 0) {
    // Main loop of the copies.
    TAKE_FEW_REGISTERS();
    if (thread == 0) {
      fence_map(mapA);
      fence_map(mapB);
      uint phase = 1;
      int stageBytes = 128 * ((TRANSPOSE_A ? TILE_M : BOX_M) + (TRANSPOSE_B ? BOX_N : TILE_N));
      for (int index = GROUP_ID(0); index < units; index += GROUP_COUNT(0)) {
        Unit unit = unit_at(&p, index);
        for (int step = 0; step < unit.steps; step++) {
          int k = unit.first + step * TILE_K;
          uint stage = base + s * STAGE_BYTES;
          barrier_wait(empty + 8 * s, phase);
          barrier_expect(full + 8 * s, stageBytes);
#if TRANSPOSE_A
          for (int i = 0; i < TILE_M / 64; i++)
            LOAD_BOX(stage + i * 8192, mapA, full + 8 * s, unit.row + 64 * i, k, A);
#else
          LOAD_BOX(stage, mapA, full + 8 * s, k, unit.row, A);
#endif
#if TRANSPOSE_B
          LOAD_BOX(stage + BYTES_A, mapB, full + 8 * s, k, unit.column, B);
#else
          for (int i = 0; i < TILE_N / 64; i++)
            LOAD_BOX(stage + BYTES_A + i * 8192, mapB, full + 8 * s, unit.column + 64 * i, k, B);
#endif
          if (++s == STAGES) {
            s = 0;
            phase ^= 1;
          }
        }
      }
    }
  } else {
    TAKE_MANY_REGISTERS();
    int own = group - 1;
    bool leader = thread % 128 == 0;
    if (leader) fence_map(mapD);
    uint slots = base + AT_SLOTS + own * (SLOTS * SLOT_BYTES);
    uint slot = 0;
    uint phase = 0;
    // Rows of this invocation's sums, and the row it addresses for stmatrix, inside a block of 64.
    int warpRow = thread / 32 % 4 * 16;
    int ownRow = warpRow + lane / 4;
    for (int index = GROUP_ID(0); index < units; index += GROUP_COUNT(0)) {
      Unit unit = unit_at(&p, index);
      float sums[BLOCKS][TILE_N / 2];
      // Main loop of the products: while those of a stage run, the stage before is given back.
      for (int step = 0; step < unit.steps; step++) {
        uint stage = base + s * STAGE_BYTES;
        ulong a = DESCRIPTOR_A | (stage + own * (BLOCKS * 8192)) >> 4;
        ulong b = DESCRIPTOR_B | (stage + BYTES_A) >> 4;
        barrier_wait(full + 8 * s, phase);
        WGMMA_FENCE();
        UNROLL
        for (int i = 0; i < 4; i++) {
          UNROLL
          for (int block = 0; block < BLOCKS; block++)
            WGMMA(sums[block], a + i * STEP_A + block * 512, b + i * STEP_B, step + i);
        }
        WGMMA_COMMIT();
        WGMMA_WAIT(1);
        if (leader && step > 0) barrier_arrive(empty + 8 * (s == 0 ? STAGES - 1 : s - 1));
        if (++s == STAGES) {
          s = 0;
          phase ^= 1;
        }
      }
      WGMMA_WAIT(0);
      if (leader) barrier_arrive(empty + 8 * (s == 0 ? STAGES - 1 : s - 1));

      // Epilogue, a slot of SLOT_COLUMNS columns at a time.
#if !SPLIT
      long startC = unit.b0 * p.batchC[0] + unit.b1 * p.batchC[1] + unit.b2 * p.batchC[2];
#endif
      UNROLL
      for (int block = 0; block < BLOCKS; block++) {
        int row = unit.row + (own * BLOCKS + block) * 64;
        UNROLL
        for (int part = 0; part < TILE_N / SLOT_COLUMNS; part++) {
          int column = unit.column + part * SLOT_COLUMNS;
          if (row < p.m && column < p.n) {
            uint to = slots + slot * SLOT_BYTES;
            if (leader) STORE_WAIT_READ(1);
            group_sync(own);
            UNROLL
            for (int j = 0; j < SLOT_COLUMNS / 8; j++) {
              float *v = &sums[block][(part * (SLOT_COLUMNS / 8) + j) * 4];
#if !SPLIT
              UNROLL
              for (int e = 0; e < 4; e++) {
                float value = p.alpha * v[e];
#if USE_C || BIAS_AXIS
                int r = min(row + ownRow + e / 2 * 8, p.m - 1);
                int c = min(column + 8 * j + lane % 4 * 2 + e % 2, p.n - 1);
#endif
#if USE_C
                value = fma(p.beta, TSR_PASTE(tsr_load_, C_DTYPE)(C + (startC + r * p.strideC), c), value);
#endif
#if BIAS_AXIS == 1
                value += LOAD(BIAS, c);
#elif BIAS_AXIS == 2
                value += LOAD(BIAS, r);
#endif
                v[e] = gemm_activate(value);
              }
#endif
#if OUT_BYTES == 2
              if (j % 2 == 1) {
                // Sixteen columns: matrices of rows 0-7 and 8-15, then of the next eight columns.
                int r = warpRow + lane % 16;
                int piece = j - 1 + lane / 16;
                store_matrices(
                    to + r * 128 + ((piece ^ (r & 7)) << 4), PACK(v[-4], v[-3]), PACK(v[-2], v[-1]),
                    PACK(v[0], v[1]), PACK(v[2], v[3]));
              }
#else
              int piece = 2 * j + lane % 4 / 2;
              uint place = to + ownRow * 128 + ((piece ^ (ownRow & 7)) << 4) + lane % 2 * 8;
              store_pair(place, v[0], v[1]);
              store_pair(place + 8 * 128, v[2], v[3]);
#endif
            }
            fence_copies();
            group_sync(own);
            if (leader) {
#if !SPLIT && BATCHED
              store_box5(mapD, to, column, row, unit.b2, unit.b1, unit.b0);
#else
              store_box3(mapD, to, column, row, unit.z);
#endif
              store_commit();
            }
            slot ^= 1;
          }
        }
      }
    }
    if (leader) STORE_WAIT_ALL();
  }
}
