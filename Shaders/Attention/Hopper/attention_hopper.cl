// Forward attention over boxes of tokens on Hopper's tensor cores; see attention_hopper.h.
#define K_DTYPE Q_DTYPE
#define V_DTYPE Q_DTYPE
#define EXTRA_K_DTYPE Q_DTYPE
#define EXTRA_V_DTYPE Q_DTYPE
#define BIAS_DTYPE 0
#define LSE_DTYPE 0
#define STATE_DTYPE 0
#include "prelude.h"
#include "hopper_ptx.h"
#include "mma_ptx.h"
#include "attention_hopper.h"
#include "attention_wgmma.h"

__kernel __attribute__((reqd_work_group_size(THREADS, 1, 1))) void attention_hopper(
    INPUT_ARG(Q), INPUT_ARG(K), INPUT_ARG(V), INPUT_ARG(EXTRA_K), INPUT_ARG(EXTRA_V),
    INPUT_ARG(BIAS), INDEX_ARG(MASK), INDEX_ARG(CU_Q), INDEX_ARG(CU_K), OUTPUT_ARG(O),
    OUTPUT_ARG(LSE), OUTPUT_ARG(STATE), OFFSET_ARG(Q), OFFSET_ARG(K), OFFSET_ARG(V),
    OFFSET_ARG(EXTRA_K), OFFSET_ARG(EXTRA_V), OFFSET_ARG(BIAS), OFFSET_ARG(MASK), OFFSET_ARG(CU_Q),
    OFFSET_ARG(CU_K), OFFSET_ARG(O), OFFSET_ARG(LSE), OFFSET_ARG(STATE), Constants p) {
  BIND_INPUT(Q) BIND_INPUT(K) BIND_INPUT(V) BIND_INPUT(EXTRA_K) BIND_INPUT(EXTRA_V)
  BIND_INPUT(BIAS) BIND_INDEX(MASK) BIND_INDEX(CU_Q) BIND_INDEX(CU_K) BIND_OUTPUT(O)
  BIND_OUTPUT(LSE)
  HOPPER_TILE_LOCALS
  __local uchar memory[LOCAL_BYTES] __attribute__((aligned(1024)));
  uint base = ((uint)(size_t)memory + 1023) & ~1023u;
  uint fullAt = base + AT_BARRIERS;
  uint emptyAt = fullAt + 8 * STAGES;
#include "attention_box.inc"
  int warpgroup = thread / 128;
  int lane = thread % 32;

  // This split's column tiles: the box's, then the additional keys'.
  int tileCount = empty ? 0 : boxTiles;
  if (EXTRA_KEYS != 0 && !empty) tileCount += (p.extraKeys + TILE_C - 1) / TILE_C;
  int share = (tileCount + p.splits - 1) / p.splits;
  int firstTile = split * share;
  int count = min(tileCount, firstTile + share) - firstTile;

  if (thread == 0) {
    for (int i = 0; i < STAGES; i++) {
      // Who brings keys writes a table besides.
      barrier_init(fullAt + 8 * i, BOX_COPIES ? (i % 2 == 0 ? 128 : 1) : 128 + (i + 1) % 2);
      barrier_init(emptyAt + 8 * i, 4 * WARPGROUPS);
    }
    barrier_fence();
    again[0] = 0;
  }
  BARRIER();

  if (warpgroup == 0) {
    TAKE_FEW_REGISTERS();
    for (int attempt = 0; attempt < 2; attempt++) {
#if BOX_COPIES
#include "attention_hopper_boxes.inc"
#else
#include "attention_hopper_rows.inc"
#endif
      workgroup_sync();
      if (again[0] == 0) break;
    }
  } else {
    TAKE_MANY_REGISTERS();
    int own = warpgroup - 1;
    int warpRow = own * 64 + thread / 32 % 4 * 16;
    int row0 = warpRow + lane / 4;
    uint queries = base + AT_Q + own * Q_BYTES;
    int ats[4];
    UNROLL
    for (int i = 0; i < 4; i++) ats[i] = rowAt[own * 64 + thread % 128 / 8 + 16 * i];
    BRING_VECTORS(queries, Q, HEAD_DIM, Q_BLOCKS, 8192, 4, ats)
    COPY_COMMIT();
    COPY_WAIT(0);
    fence_copies();
    group_sync(own);
    ulong queryMatrix = ROWS_OF_K | queries >> 4;

    float scores[TILE_C / 2];
    float result[PAD_V / 2];
    uint weights[TILE_C / 4];
    float largest[2];
    float total[2];  // over this invocation's columns only
    float factor[2];
    // Scores become powers of 2. Where nothing shapes them they are scaled on the way there.
    bool shaped = SOFT_CAP != 0 || SCORE_BIAS != 0 || !(p.scale > 0.0f);
    float unit = shaped ? 1.0f : p.scale * 1.44269504f;
    bool masked = false;
    int scoreHead = head;
    HOPPER_START()

    if (count > 0) {
      HOPPER_BEGIN_TURNS()
      HOPPER_WAIT_FULL(0);
      WGMMA_FENCE();
      HOPPER_SCORES(0);
      WGMMA_COMMIT();
      WGMMA_WAIT(0);
      PIN_SCORES();
      HOPPER_RELEASE(0);
      HOPPER_SOFTMAX(0)
      HOPPER_PACK()
      for (int index = 1; index < count; index++) {
        HOPPER_WAIT_FULL(2 * index);
        HOPPER_TURN()
        WGMMA_FENCE();
        HOPPER_SCORES(2 * index);
        WGMMA_COMMIT();
        HOPPER_WAIT_FULL(2 * index - 1);
        WGMMA_FENCE();
        HOPPER_RESULT(2 * index - 1);
        WGMMA_COMMIT();
        HOPPER_PASS()
        WGMMA_WAIT(1);
        PIN_SCORES();
        HOPPER_RELEASE(2 * index);
        HOPPER_SOFTMAX(index)
        WGMMA_WAIT(0);
        PIN_RESULT();
        PIN_SCORES();
        HOPPER_RELEASE(2 * index - 1);
        UNROLL
        for (int i = 0; i < PAD_V / 2; i++) result[i] *= factor[i / 2 % 2];
        HOPPER_PACK()
      }
      HOPPER_WAIT_FULL(2 * count - 1);
      WGMMA_FENCE();
      HOPPER_RESULT(2 * count - 1);
      WGMMA_COMMIT();
      WGMMA_WAIT(0);
      PIN_RESULT();
      HOPPER_RELEASE(2 * count - 1);
    }

    // What a masked value may have spoilt.
    if (masked) {
      bool bad = false;
      UNROLL
      for (int i = 0; i < PAD_V / 2; i++) bad = bad || (as_uint(result[i]) & 0x7f800000u) == 0x7f800000u;
      if (bad) again[0] = 1;
    }
    workgroup_sync();
    if (again[0] != 0) {
      HOPPER_START()
      for (int index = 0; index < count; index++) {
        int c = 2 * (count + index);
        HOPPER_WAIT_FULL(c);
        WGMMA_FENCE();
        HOPPER_SCORES(c);
        WGMMA_COMMIT();
        WGMMA_WAIT(0);
        PIN_SCORES();
        HOPPER_RELEASE(c);
        HOPPER_SOFTMAX(index)
        HOPPER_PACK()
        UNROLL
        for (int i = 0; i < PAD_V / 2; i++) result[i] *= factor[i / 2 % 2];
        HOPPER_WAIT_FULL(c + 1);
        HOPPER_WEIGH(c + 1)
        HOPPER_RELEASE(c + 1);
      }
      workgroup_sync();
    }

    // Epilogue.
    UNROLL
    for (int half2 = 0; half2 < 2; half2++) {
      total[half2] += across(total[half2], 1);
      total[half2] += across(total[half2], 2);
      int at = rowAt[row0 + 8 * half2];
      float sum = total[half2];
      float inverse = sum == 0.0f ? 0.0f : 1.0f / sum;
      if (at >= 0) {
        int to = at + split * splitStride;
        if (lane % 4 == 0) {
          STORE(LSE, to, sum == 0.0f ? -TSR_INFINITY : (largest[half2] * unit + log2(sum)) * 0.693147181f);
        }
        UNROLL
        for (int j = 0; j < PAD_V / 8; j++) {
          int e = 8 * j + lane % 4 * 2;
          float low = result[4 * j + 2 * half2] * inverse;
          float high = result[4 * j + 2 * half2 + 1] * inverse;
          if (e < VALUE_DIM) STORE_PAIR(to * VALUE_DIM + e, low, high);
        }
      }
    }
  }
}
