// Fused neighborhood attention: one workgroup computes TILE_Q queries of one (batch entry, head, dilation
// group), streaming key tiles through local memory with an online softmax.
//
//   token axes in dilation-group coordinates       the key box, in tiles of p.keyTile
//   ┌───────────────────────────┐                  ┌────┬────┬────┬─┐
//   │    ┌───────────────┐      │                  │part│part│part│p│   full: every query of the tile
//   │    │ key box  ┌──┐ │      │                  ├────┼────┼────┼─┤   attends every key: no mask
//   │    │          │q │ │      │                  │part│FULL│part│p│   partial: masked by packed
//   │    │          └──┘ │      │                  ├────┼────┼────┼─┤   coordinates
//   │    └───────────────┘      │                  │part│part│part│p│   all other tiles of the tensor
//   └───────────────────────────┘                  └────┴────┴────┴─┘   are never visited
//
// The box of TILE_Q queries is p.tile; its keys are the bounding box of its windows, since windows only
// move forward. Additional keys follow as tiles of their own, masked only past their end.
//
//   S[q][k]  invocation (tq, tk) owns BLOCK_Q rows × BLOCK_K keys; keys in vectors of WIDTH
//   O[q][v]  and the same rows × BLOCK_V value columns
//
//   parameter  id   default  meaning
//   HEAD_DIM   9    64       D
//   VALUE_DIM  10   64       Dv; columns beyond WORK_K·BLOCK_V go to further workgroups (V_SPLITS)
//   WORK_Q     11   16       invocations along queries
//   WORK_K     12   8        invocations along keys, and along value columns
//   BLOCK_Q    13   4        queries per invocation
//   BLOCK_K    14   4        keys per invocation; a multiple of WIDTH
//   BLOCK_V    15   8        value columns per invocation; a multiple of WIDTH
//   STEP_D     16   64       head dimensions staged at a time; a multiple of 4
//   STEP_K     17   32       keys whose values are staged at a time; divides TILE_K, a multiple of 4
//   QUERY_D    18   64       head dimensions of Q kept: all, rounded up to STEP_D, or just STEP_D
//   STAGE      19   2304     floats of the staging array: max(STEP_D·KEY_ROW, STEP_K·TILE_V)
//   LANES      20   32       invocations that stage one row together: neighbours read neighbouring
//                            words (GPUs); 1: each its own row (CPUs)
//   V_SPLITS   21   1        workgroups that share the value columns
//   WIDTH      -    4        floats per vector; above 4 in OpenCL only
//
// Invariants: the workgroup is WORK_Q·WORK_K × 1 × 1; LANES divides it; the product of p.tile is at most
// TILE_Q and that of p.keyTile at most TILE_K. Local memory: TILE_Q·QUERY_D + STAGE + TILE_Q·WEIGHT_ROW +
// TILE_Q·WORK_K floats and 3·TILE_Q + 2·TILE_K words. Registers: BLOCK_Q·(BLOCK_K + 2·BLOCK_V) floats
// and a few.
#ifndef TESSERA_NA_TILED_H
#define TESSERA_NA_TILED_H

PARAMETER(9, int, HEAD_DIM, 64)
PARAMETER(10, int, VALUE_DIM, 64)
PARAMETER(11, int, WORK_Q, 16)
PARAMETER(12, int, WORK_K, 8)
PARAMETER(13, int, BLOCK_Q, 4)
PARAMETER(14, int, BLOCK_K, 4)
PARAMETER(15, int, BLOCK_V, 8)
PARAMETER(16, int, STEP_D, 64)
PARAMETER(17, int, STEP_K, 32)
PARAMETER(18, int, QUERY_D, 64)
PARAMETER(19, int, STAGE, 2304)
PARAMETER(20, int, LANES, 32)
PARAMETER(21, int, V_SPLITS, 1)

// Three token axes, missing ones lead with length 1. `tiles` counts query tiles along each axis of the
// longest dilation group; `bits` holds three widths of packed coordinates, 8 bits each, the last axis
// lowest. Key tiles [firstTile, endTile) of each query tile belong to this dispatch.
CONSTANT_BLOCK(
    int axisLength[3]; int window[3]; int stride[3]; int dilation[3]; int causal;
    int heads; int group; int extraKeys; float scale;
    int tile[3]; int tiles[3]; int keyTile[3];
    int firstTile; int endTile; int flags; int bits;)

#define FLAG_CONTINUE 1  // the state of the earlier dispatch is in STATE
#define FLAG_SUSPEND 2   // leave the state in STATE; no output yet

#define THREADS (WORK_Q * WORK_K)
#define TILE_Q (WORK_Q * BLOCK_Q)
#define TILE_K (WORK_K * BLOCK_K)
#define TILE_V (WORK_K * BLOCK_V)
#define KEYS_N (BLOCK_K / WIDTH)
#define VALUES_N (BLOCK_V / WIDTH)
// Rows of the local arrays, padded against bank conflicts.
#define KEY_ROW (TILE_K + WIDTH)
#define WEIGHT_ROW (TILE_K + 4)

#ifdef __OPENCL_VERSION__
#if WIDTH == 8
typedef float8 floatn;
typedef uint8 uintn;
#define AS_UINTN(x) as_uint8(x)
#define LOCAL_VECTOR(name, i) vload8(0, (__local const float *)(name) + (i))
#define LOCAL_PUT(name, i, v) vstore8(v, 0, (__local float *)(name) + (i))
#define LOCAL_UINTS(name, i) vload8(0, (name) + (i))
#define HALVES(op, v) op((v).lo, (v).hi)
#define PART4(v, part) ((part) == 0 ? (v).lo : (v).hi)
#else
typedef float4 floatn;
typedef uint4 uintn;
#define AS_UINTN(x) as_uint4(x)
#define LOCAL_VECTOR(name, i) (name)[(i) >> 2]
#define LOCAL_PUT(name, i, v) (name)[(i) >> 2] = v
#define LOCAL_UINTS(name, i) vload4(0, (name) + (i))
#define HALVES(op, v) (v)
#define PART4(v, part) (v)
#endif
#define SPLAT(a) ((floatn)(a))
#define CHOOSE(mask, yes, no) select(no, yes, mask)
#define EQUAL(a, b) ((a) == (uintn)(b))
#define EXP(v) exp(v)
#define TO_UINT(x) ((uint)(x))
#else
#define WIDTH 4
#define floatn vec4
#define uintn uvec4
#define AS_UINTN(x) floatBitsToUint(x)
#define LOCAL_VECTOR(name, i) name[(i) >> 2]
#define LOCAL_PUT(name, i, v) name[(i) >> 2] = v
#define LOCAL_UINTS(name, i) uvec4(name[i], name[(i) + 1], name[(i) + 2], name[(i) + 3])
#define HALVES(op, v) (v)
#define PART4(v, part) (v)
#define SPLAT(a) vec4(a)
#define CHOOSE(mask, yes, no) mix(no, yes, mask)
#define EQUAL(a, b) equal(a, uvec4(b))
#define TO_UINT(x) uint(x)
#define EXP(v) vec4(tsr_exp((v).x), tsr_exp((v).y), tsr_exp((v).z), tsr_exp((v).w))
#endif
#define NA_ADD(a, b) ((a) + (b))

TESSERA_FN float na_largest(floatn v) {
  float4 h = HALVES(max, v);
  return max(max(h.x, h.y), max(h.z, h.w));
}
TESSERA_FN float na_sum(floatn v) {
  float4 h = HALVES(NA_ADD, v);
  return (h.x + h.y) + (h.z + h.w);
}
// By bits: a compiler may assume that there are no NaNs.
TESSERA_FN bool na_not_finite(floatn v) {
  return any(EQUAL(AS_UINTN(v) & 0x7f800000u, 0x7f800000u));
}
// Scores of the keys whose packed coordinates lie between `low` and `last` on every axis; -inf for
// the others. A borrow in any field clears its guard bit.
TESSERA_FN floatn na_mask(floatn s, uintn code, uint low, uint last, uint guard) {
  uintn inside = ((code | guard) - low) & ((last | guard) - code) & guard;
  return CHOOSE(EQUAL(inside, guard), s, SPLAT(-TSR_INFINITY));
}

#define NA_LOCALS                                          \
  LOCAL_ARRAY(float4, queries, TILE_Q *QUERY_D / 4)        \
  LOCAL_ARRAY(float4, staged, STAGE / 4)                   \
  LOCAL_ARRAY(float4, weights, TILE_Q *WEIGHT_ROW / 4)     \
  LOCAL_ARRAY(float, partial, TILE_Q *WORK_K)              \
  LOCAL_ARRAY(int, queryAt, TILE_Q)                        \
  LOCAL_ARRAY(uint, queryLow, TILE_Q)                      \
  LOCAL_ARRAY(uint, queryLast, TILE_Q)                     \
  LOCAL_ARRAY(int, keyAt, TILE_K)                          \
  LOCAL_ARRAY(uint, keyCode, TILE_K)

// Copies head dimensions [d0, d0 + STEP_D) of the tile's queries, times the scale.
#define STAGE_QUERIES(d0, column)                                                         \
  for (int row = thread / LANES; row < TILE_Q; row += THREADS / LANES) {                  \
    int at = queryAt[row];                                                                \
    for (int d = thread % LANES; d < STEP_D; d += LANES) {                                \
      float x = 0.0f;                                                                     \
      if (at >= 0 && (d0) + d < HEAD_DIM) x = LOAD(Q, at * HEAD_DIM + (d0) + d) * p.scale; \
      LOCAL_SCALAR(queries, row * QUERY_D + (column) + d) = x;                            \
    }                                                                                     \
  }

// Copies head dimensions [d0, d0 + STEP_D) of the tile's keys, transposed.
#define STAGE_KEYS(X, d0)                                                       \
  for (int key = thread / LANES; key < TILE_K; key += THREADS / LANES) {        \
    int at = keyAt[key];                                                        \
    for (int d = thread % LANES; d < STEP_D; d += LANES) {                      \
      float x = 0.0f;                                                           \
      if (at >= 0 && (d0) + d < HEAD_DIM) x = LOAD(X, at * HEAD_DIM + (d0) + d); \
      LOCAL_SCALAR(staged, d * KEY_ROW + key) = x;                              \
    }                                                                           \
  }

// Copies the values of keys [k0, k0 + STEP_K) of the tile.
#define STAGE_VALUES(X, k0)                                                           \
  for (int key = thread / LANES; key < STEP_K; key += THREADS / LANES) {              \
    int at = keyAt[(k0) + key];                                                       \
    for (int c = thread % LANES; c < TILE_V; c += LANES) {                            \
      float x = 0.0f;                                                                 \
      if (at >= 0 && value0 + c < VALUE_DIM) x = LOAD(X, at * VALUE_DIM + value0 + c); \
      LOCAL_SCALAR(staged, key * TILE_V + c) = x;                                     \
    }                                                                                 \
  }

// sums += weights · values over the staged keys; PICK(weight, value) is the value to multiply.
#define ACCUMULATE(PICK)                                                                      \
  for (int kk = 0; kk < STEP_K; kk += 4) {                                                    \
    float4 w[BLOCK_Q];                                                                        \
    UNROLL                                                                                    \
    for (int i = 0; i < BLOCK_Q; i++) {                                                       \
      w[i] = weights[((tq * BLOCK_Q + i) * WEIGHT_ROW + k0 + kk) >> 2];                       \
    }                                                                                         \
    UNROLL                                                                                    \
    for (int x = 0; x < VALUES_N; x++) {                                                      \
      int column = kk * TILE_V + (tk + WORK_K * x) * WIDTH;                                   \
      floatn a = LOCAL_VECTOR(staged, column);                                                \
      floatn b = LOCAL_VECTOR(staged, column + TILE_V);                                       \
      floatn c = LOCAL_VECTOR(staged, column + 2 * TILE_V);                                   \
      floatn d = LOCAL_VECTOR(staged, column + 3 * TILE_V);                                   \
      UNROLL                                                                                  \
      for (int i = 0; i < BLOCK_Q; i++) {                                                     \
        floatn sum = sums[i * VALUES_N + x];                                                  \
        sum = fma(SPLAT(w[i].x), PICK(w[i].x, a), sum);                                       \
        sum = fma(SPLAT(w[i].y), PICK(w[i].y, b), sum);                                       \
        sum = fma(SPLAT(w[i].z), PICK(w[i].z, c), sum);                                       \
        sums[i * VALUES_N + x] = fma(SPLAT(w[i].w), PICK(w[i].w, d), sum);                    \
      }                                                                                       \
    }                                                                                         \
  }
#define EVERY_VALUE(weight, value) value
#define ATTENDED_VALUE(weight, value) ((weight) == 0.0f ? SPLAT(0.0f) : (value))

// The state carried between dispatches: this invocation's maxima, sums and output, one word per
// invocation after the other so that neighbours touch neighbouring words.
#define NA_EXCHANGE(MOVE)                                                       \
  {                                                                             \
    UNROLL                                                                      \
    for (int i = 0; i < BLOCK_Q; i++) {                                         \
      MOVE(largest[i], i * (BLOCK_V + 2))                                       \
      MOVE(total[i], i * (BLOCK_V + 2) + 1)                                     \
      UNROLL                                                                    \
      for (int x = 0; x < VALUES_N; x++) {                                      \
        NA_EXCHANGE_VECTOR(MOVE, result[i * VALUES_N + x], i * (BLOCK_V + 2) + 2 + x * WIDTH) \
      }                                                                         \
    }                                                                           \
  }
#define NA_EXCHANGE4(MOVE, v, word) \
  MOVE(v.x, word) MOVE(v.y, (word) + 1) MOVE(v.z, (word) + 2) MOVE(v.w, (word) + 3)
#if defined(__OPENCL_VERSION__) && WIDTH == 8
#define NA_EXCHANGE_VECTOR(MOVE, v, word) \
  NA_EXCHANGE4(MOVE, v.lo, word) NA_EXCHANGE4(MOVE, v.hi, (word) + 4)
#else
#define NA_EXCHANGE_VECTOR(MOVE, v, word) NA_EXCHANGE4(MOVE, v, word)
#endif
#define NA_SAVE(x, word) STORE(STATE, state + (word) * THREADS, x);
#define NA_RESTORE(x, word) x = LOAD(STATE, state + (word) * THREADS);

#endif
