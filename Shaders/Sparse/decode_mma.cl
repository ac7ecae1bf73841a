// Attention of one query per sequence to many keys in pages, on tensor cores; see decode_mma.h.
#define K_DTYPE Q_DTYPE
#define V_DTYPE Q_DTYPE
#define SINKS_DTYPE 0
#define LSE_DTYPE 0
#include "prelude.h"
#include "mma_ptx.h"
#include "decode_mma.h"

__kernel __attribute__((reqd_work_group_size(32 * WARPS, 1, 1))) void decode_mma(
    INPUT_ARG(Q), INPUT_ARG(K), INPUT_ARG(V), INDEX_ARG(ENTRIES), INDEX_ARG(LENGTHS),
    INDEX_ARG(TABLE), INDEX_ARG(CU_K), INPUT_ARG(SINKS), OUTPUT_ARG(O), OUTPUT_ARG(LSE),
    OFFSET_ARG(Q), OFFSET_ARG(K), OFFSET_ARG(V), OFFSET_ARG(ENTRIES), OFFSET_ARG(LENGTHS),
    OFFSET_ARG(TABLE), OFFSET_ARG(CU_K), OFFSET_ARG(SINKS), OFFSET_ARG(O), OFFSET_ARG(LSE),
    Constants p) {
  BIND_INPUT(Q) BIND_INPUT(K) BIND_INPUT(V) BIND_INDEX(ENTRIES) BIND_INDEX(LENGTHS)
  BIND_INDEX(TABLE) BIND_INDEX(CU_K) BIND_INPUT(SINKS) BIND_OUTPUT(O) BIND_OUTPUT(LSE)
  __local float joined[ROWS * VALUE_DIM] __attribute__((aligned(16)));
  __local float warpTops[WARPS * ROWS];
  __local float warpTotals[WARPS * ROWS];

  int thread = LOCAL_ID(0);
  DECODE_SPLIT
  int warp = thread / 32;
  int lane = thread % 32;
  int g = lane / 4;
  int q = lane % 4;

  // Fragments of the queries; rows past the last are 0.
  uint queries[GROUPS][CHUNKS][4];
  UNROLL
  for (int n = 0; n < GROUPS; n++) {
    int row = 8 * n + g;
    UNROLL
    for (int c = 0; c < CHUNKS; c++) {
      uint4 words = (uint4)(0);
      if (row < rowCount) {
        words = *(__global const uint4 *)(Q + DECODE_VECTOR(row0 + row) * HEAD_DIM + 32 * c + 8 * q);
      }
      queries[n][c][0] = words.x;
      queries[n][c][1] = words.y;
      queries[n][c][2] = words.z;
      queries[n][c][3] = words.w;
    }
  }

  // Logarithms are to base 2. A lane has rows 2q and 2q + 1 of each group.
  float scale = p.scale * 1.44269504f;
  float tops[GROUPS][2];
  float totals[GROUPS][2];
  float sums[GROUPS][4 * PARTS][4];
  UNROLL
  for (int n = 0; n < GROUPS; n++) {
    UNROLL
    for (int r = 0; r < 2; r++) {
      tops[n][r] = -TSR_INFINITY;
      totals[n][r] = 0.0f;
    }
    UNROLL
    for (int x = 0; x < 4 * PARTS; x++) {
      UNROLL
      for (int i = 0; i < 4; i++) sums[n][x][i] = 0.0f;
    }
  }

  // Where the next keys are is looked up one tile ahead: lane l has key l mod 16 of its warp.
  int position;
  int next;
  int column = tile * TILE + warp * 16 + lane % 16;
  if (tile >= endTile) column = columns;
  DECODE_PLACE(column, position, next)
  for (; tile < endTile; tile++) {
    int place = next;
    column += TILE;
    if (tile + 1 >= endTile) column = columns;
    DECODE_PLACE(column, position, next)

    // Values of keys 2q, 2q + 1 and these plus 8; what is nowhere is 0.
    uint4 values[4][PARTS];
    UNROLL
    for (int i = 0; i < 4; i++) {
      int at = from_lane(place, 2 * q + i % 2 + i / 2 * 8);
      __global const ushort *v = (__global const ushort *)V +
          (max(at, 0) * p.kvHeads + kvHead) * VALUE_DIM + 8 * g;
      UNROLL
      for (int c = 0; c < PARTS; c++) {
        values[i][c] = at >= 0 ? *(__global const uint4 *)(v + 64 * c) : (uint4)(0);
      }
    }

    // Scores of keys g and g + 8 and rows 2q, 2q + 1.
    int low = from_lane(place, g);
    int high = from_lane(place, g + 8);
    float scores[GROUPS][4];
    UNROLL
    for (int n = 0; n < GROUPS; n++) {
      UNROLL
      for (int i = 0; i < 4; i++) scores[n][i] = 0.0f;
    }
    __global const ushort *k0 = (__global const ushort *)K +
        (max(low, 0) * p.kvHeads + kvHead) * HEAD_DIM + 8 * q;
    __global const ushort *k1 = (__global const ushort *)K +
        (max(high, 0) * p.kvHeads + kvHead) * HEAD_DIM + 8 * q;
    UNROLL
    for (int c = 0; c < CHUNKS; c++) {
      uint4 a = *(__global const uint4 *)(k0 + 32 * c);
      uint4 b = *(__global const uint4 *)(k1 + 32 * c);
      uint first[4] = {a.x, b.x, a.y, b.y};
      uint second[4] = {a.z, b.z, a.w, b.w};
      UNROLL
      for (int n = 0; n < GROUPS; n++) {
        DECODE_MMA(scores[n], first, queries[n][c][0], queries[n][c][1]);
        DECODE_MMA(scores[n], second, queries[n][c][2], queries[n][c][3]);
      }
    }

    uint weights[GROUPS][2];
    UNROLL
    for (int n = 0; n < GROUPS; n++) {
      float largest[2] = {-TSR_INFINITY, -TSR_INFINITY};
      UNROLL
      for (int i = 0; i < 4; i++) {
        float score = scores[n][i] * scale;
#if SOFT_CAP != 0
        score = tanh(scores[n][i] * p.scale / p.softCap) * (p.softCap * 1.44269504f);
#endif
        score = (i < 2 ? low : high) < 0 ? -TSR_INFINITY : score;
        scores[n][i] = score;
        largest[i % 2] = max(largest[i % 2], score);
      }
      float factors[2];
      UNROLL
      for (int r = 0; r < 2; r++) {
        UNROLL
        for (int mask = 4; mask < 32; mask *= 2) largest[r] = max(largest[r], across(largest[r], mask));
        float now = max(tops[n][r], largest[r]);
        largest[r] = now == -TSR_INFINITY ? 0.0f : now;
        factors[r] = native_exp2(tops[n][r] - largest[r]);
        tops[n][r] = now;
      }
      UNROLL
      for (int i = 0; i < 4; i++) scores[n][i] = native_exp2(scores[n][i] - largest[i % 2]);
      UNROLL
      for (int r = 0; r < 2; r++) {
        totals[n][r] = totals[n][r] * factors[r] + (scores[n][r] + scores[n][r + 2]);
      }
      uint packed;
      DECODE_PACK(packed, scores[n][0], scores[n][1]);
      weights[n][0] = matrix_transposed(packed);
      DECODE_PACK(packed, scores[n][2], scores[n][3]);
      weights[n][1] = matrix_transposed(packed);
      UNROLL
      for (int x = 0; x < 4 * PARTS; x++) {
        UNROLL
        for (int i = 0; i < 4; i++) sums[n][x][i] *= factors[i % 2];
      }
    }
    UNROLL
    for (int c = 0; c < PARTS; c++) {
      UNROLL
      for (int x = 0; x < 4; x++) {
        uint w[4];
        UNROLL
        for (int i = 0; i < 4; i++) {
          uint4 v = values[i][c];
          w[i] = x == 0 ? v.x : x == 1 ? v.y : x == 2 ? v.z : v.w;
        }
        uint a[4] = {
            pair_low(w[0], w[1]), pair_high(w[0], w[1]), pair_low(w[2], w[3]), pair_high(w[2], w[3])};
        UNROLL
        for (int n = 0; n < GROUPS; n++) {
          DECODE_MMA(sums[n][4 * c + x], a, weights[n][0], weights[n][1]);
        }
      }
    }
  }

  // The warps' largest scores and sums, joined in their order.
  UNROLL
  for (int n = 0; n < GROUPS; n++) {
    UNROLL
    for (int r = 0; r < 2; r++) {
      UNROLL
      for (int mask = 4; mask < 32; mask *= 2) totals[n][r] += across(totals[n][r], mask);
      if (g == 0) {
        warpTops[warp * ROWS + 8 * n + 2 * q + r] = tops[n][r];
        warpTotals[warp * ROWS + 8 * n + 2 * q + r] = totals[n][r];
      }
    }
  }
  BARRIER();
  UNROLL
  for (int n = 0; n < GROUPS; n++) {
    UNROLL
    for (int r = 0; r < 2; r++) {
      int row = 8 * n + 2 * q + r;
      float top = warpTops[row];
      UNROLL
      for (int w = 1; w < WARPS; w++) top = max(top, warpTops[w * ROWS + row]);
      float factor = tops[n][r] == -TSR_INFINITY ? 0.0f : native_exp2(tops[n][r] - top);
      UNROLL
      for (int x = 0; x < 4 * PARTS; x++) {
        sums[n][x][r] *= factor;
        sums[n][x][r + 2] *= factor;
      }
    }
  }
  UNROLL
  for (int w = 0; w < WARPS; w++) {
    if (warp == w) {
      UNROLL
      for (int n = 0; n < GROUPS; n++) {
        UNROLL
        for (int x = 0; x < 4 * PARTS; x++) {
          UNROLL
          for (int i = 0; i < 4; i++) {
            int at = (8 * n + 2 * q + i % 2) * VALUE_DIM + x / 4 * 64 + 8 * g + x % 4 * 2 + i / 2;
            joined[at] = w == 0 ? sums[n][x][i] : joined[at] + sums[n][x][i];
          }
        }
      }
    }
    BARRIER();
  }
  // What the sums are multiplied by takes the place of the first warp's largest scores.
  float inverse = 0.0f;
  if (thread < rowCount) {
    float top = warpTops[thread];
    UNROLL
    for (int w = 1; w < WARPS; w++) top = max(top, warpTops[w * ROWS + thread]);
    float sum = 0.0f;
    UNROLL
    for (int w = 0; w < WARPS; w++) {
      float own = warpTops[w * ROWS + thread];
      if (own != -TSR_INFINITY) sum += warpTotals[w * ROWS + thread] * native_exp2(own - top);
    }
    float largest = top * 0.693147181f;
    inverse = sum == 0.0f ? 0.0f : 1.0f / sum;
    if (p.sinks != 0 && split == 0) {
      float sink = LOAD(SINKS, unit * perUnit + (row0 + thread) % perUnit);
      SINK_JOIN(largest, sum, inverse, sink)
    }
    STORE(
        LSE, DECODE_VECTOR(row0 + thread) + split * p.splitStride,
        sum == 0.0f ? -TSR_INFINITY : largest + log(sum));
  }
  BARRIER();
  if (thread < ROWS) warpTops[thread] = inverse;
  BARRIER();
  for (int i = thread; i < rowCount * (VALUE_DIM / 4); i += 32 * WARPS) {
    int row = i / (VALUE_DIM / 4);
    int e = i % (VALUE_DIM / 4) * 4;
    float4 o = *(__local float4 *)(joined + row * VALUE_DIM + e);
    STORE4(O, (DECODE_VECTOR(row0 + row) + split * p.splitStride) * VALUE_DIM + e, o * warpTops[row]);
  }
}
