// Attention in tiles: the arithmetic that forward and gradient kernels share, whatever rows and columns
// are: boxes of tokens (attention_box.h), or what lists name if ATTENTION_LISTS is defined (list_front.h).
//
//   scores[r][c]  invocation (tr, tc) owns BLOCK_R rows × BLOCK_C columns; columns in vectors of WIDTH
//   result[r][e]  and the same rows × BLOCK_V (or BLOCK_D) elements of the results
//
// The including kernel defines ROWS_ARE_KEYS first, ROW_GRADIENTS, and ROW_ELEMENTS: how much of a row's
// vectors stays in local memory if RESIDENT.
#ifndef TESSERA_ATTENTION_TILE_H
#define TESSERA_ATTENTION_TILE_H

#include "attention_parameters.h"
#include "attention_bits.h"
#include "tanh.h"
#ifdef ATTENTION_LISTS
#include "list_front.h"
#else
#include "attention_place.h"
#endif

#define THREADS (WORK_R * WORK_C)
// Who finds where a tile's columns are.
#define COLUMNS_BARRIER() BARRIER()
#define COLUMN_THREADS THREADS
#define TILE_R (WORK_R * BLOCK_R)
#define TILE_C (WORK_C * BLOCK_C)
#define TILE_V (WORK_C * BLOCK_V)
#define TILE_D (WORK_C * BLOCK_D)
#define COLUMNS_N (BLOCK_C / WIDTH)
#define VALUES_N (BLOCK_V / WIDTH)
#define DIMS_N (BLOCK_D / WIDTH)
// Head dimensions rounded up to whole steps.
#define PAD_D ((HEAD_DIM + STEP_D - 1) / STEP_D * STEP_D)
#define PAD_V ((VALUE_DIM + STEP_D - 1) / STEP_D * STEP_D)
// Rows of the local arrays, padded against bank conflicts.
#define COLUMN_ROW (TILE_C + WIDTH)
#define ROW_STRIDE (4 + (RESIDENT != 0 ? ROW_ELEMENTS : STEP_D))
// Row of this invocation's i-th block row: neighbours along rows read neighbouring local rows.
#define ROW_OF(i) ((i) * WORK_R + tr)
#define WEIGHT_ROW (TILE_C + 4)

#ifdef __OPENCL_VERSION__
#if WIDTH == 8
typedef float8 floatn;
typedef uint8 uintn;
#define AS_UINTN(x) as_uint8(x)
#define LOCAL_VECTOR(name, i) vload8(0, (__local const float *)(name) + (i))
#define LOCAL_PUT(name, i, v) vstore8(v, 0, (__local float *)(name) + (i))
#define LOCAL_UINTS(name, i) vload8(0, (name) + (i))
#define LOCAL_FLOATS(name, i) vload8(0, (name) + (i))
#define HALVES(op, v) op((v).lo, (v).hi)
#define PART4(v, part) ((part) == 0 ? (v).lo : (v).hi)
#define EACH_LANE(f) ((floatn)(f(0), f(1), f(2), f(3), f(4), f(5), f(6), f(7)))
#else
typedef float4 floatn;
typedef uint4 uintn;
#define AS_UINTN(x) as_uint4(x)
#define LOCAL_VECTOR(name, i) (name)[(i) >> 2]
#define LOCAL_PUT(name, i, v) (name)[(i) >> 2] = v
#define LOCAL_UINTS(name, i) vload4(0, (name) + (i))
#define LOCAL_FLOATS(name, i) vload4(0, (name) + (i))
#define HALVES(op, v) (v)
#define PART4(v, part) (v)
#define EACH_LANE(f) MAKE4(f(0), f(1), f(2), f(3))
#endif
#define SPLATN(a) ((floatn)(a))
#define CHOOSE(mask, yes, no) select(no, yes, mask)
#define EQUAL(a, b) ((a) == (uintn)(b))
#define IS_ZERO(v) ((v) == (floatn)(0.0f))
#define UNLESS_ZERO(w, v) ((w) == 0.0f ? SPLATN(0.0f) : (v))
#define EXP(v) exp(v)
#define TANH(v) tanh(v)
#else
#define WIDTH 4
#define floatn vec4
#define uintn uvec4
#define AS_UINTN(x) floatBitsToUint(x)
#define LOCAL_VECTOR(name, i) name[(i) >> 2]
#define LOCAL_PUT(name, i, v) name[(i) >> 2] = v
#define LOCAL_UINTS(name, i) uvec4(name[i], name[(i) + 1], name[(i) + 2], name[(i) + 3])
#define LOCAL_FLOATS(name, i) vec4(name[i], name[(i) + 1], name[(i) + 2], name[(i) + 3])
#define HALVES(op, v) (v)
#define PART4(v, part) (v)
#define EACH_LANE(f) MAKE4(f(0), f(1), f(2), f(3))
#define SPLATN(a) vec4(a)
#define CHOOSE(mask, yes, no) mix(no, yes, mask)
#define EQUAL(a, b) equal(a, uvec4(b))
#define IS_ZERO(v) equal(v, vec4(0.0))
#define UNLESS_ZERO(w, v) mix(v, vec4(0.0), bvec4((w) == 0.0))
#define EXP(v) vec4(tsr_exp((v).x), tsr_exp((v).y), tsr_exp((v).z), tsr_exp((v).w))
#define TANH(v) vec4(tsr_tanh((v).x), tsr_tanh((v).y), tsr_tanh((v).z), tsr_tanh((v).w))
#endif
#define ATT_ADD(a, b) ((a) + (b))

TESSERA_FN float att_largest(floatn v) {
  float4 h = HALVES(max, v);
  return max(max(h.x, h.y), max(h.z, h.w));
}
TESSERA_FN float att_sum(floatn v) {
  float4 h = HALVES(ATT_ADD, v);
  return (h.x + h.y) + (h.z + h.w);
}
// By bits: a compiler may assume that there are no NaNs.
TESSERA_FN bool att_not_finite(floatn v) {
  return any(EQUAL(AS_UINTN(v) & 0x7f800000u, 0x7f800000u));
}
// Scores of the columns whose packed coordinates lie between `low` and `last` on every axis; -inf for
// the others. A borrow in any field clears its guard bit.
TESSERA_FN floatn att_mask(floatn s, uintn code, uint low, uint last, uint guard) {
  uintn inside = ((code | guard) - low) & ((last | guard) - code) & guard;
  return CHOOSE(EQUAL(inside, guard), s, SPLATN(-TSR_INFINITY));
}

#define ATT_BOX_LOCALS                              \
  LOCAL_ARRAY(float4, staged, STAGE / 4)            \
  LOCAL_ARRAY(float4, weights, TILE_R *WEIGHT_ROW / 4) \
  LOCAL_ARRAY(int, rowAt, TILE_R)                   \
  LOCAL_ARRAY(uint, rowLow, TILE_R)                 \
  LOCAL_ARRAY(uint, rowLast, TILE_R)                \
  LOCAL_ARRAY(int, rowPlace, TILE_R)                \
  LOCAL_ARRAY(int, columnAt, TILE_C)                \
  LOCAL_ARRAY(uint, columnCode, TILE_C)             \
  LOCAL_ARRAY(int, columnPlace, TILE_C)

// GRAIN elements of vector `at` of X from element e on, times the factor; zeros outside.
#define LOAD_GRAIN(x, X, DIM, at, e, factor)                                \
  float4 x = SPLAT4(0.0f);                                                  \
  if (at >= 0 && (e) < DIM) {                                               \
    if (GRAIN == 4) x = LOAD4(X, at * DIM + (e)) * (factor);                \
    else x.x = LOAD(X, at * DIM + (e)) * (factor);                          \
  }

// Copies elements [e0, e0 + STEP_D) of the tile's rows to columns `to` on of `rows`.
#define STAGE_ROWS(X, DIM, e0, to, factor)                                          \
  for (int row = thread / LANES; row < TILE_R; row += THREADS / LANES) {            \
    int at = rowAt[row];                                                            \
    for (int e = thread % LANES * GRAIN; e < STEP_D; e += LANES * GRAIN) {          \
      LOAD_GRAIN(x, X, DIM, at, (e0) + e, factor)                                   \
      if (GRAIN == 4) rows[(row * ROW_STRIDE + (to) + e) >> 2] = x;                 \
      else LOCAL_SCALAR(rows, row * ROW_STRIDE + (to) + e) = x.x;                   \
    }                                                                               \
  }

// Copies elements [e0, e0 + STEP_D) of the tile's columns, transposed.
#define STAGE_COLUMNS(X, DIM, e0, factor)                                           \
  for (int column = thread / LANES; column < TILE_C; column += THREADS / LANES) {   \
    int at = columnAt[column];                                                      \
    for (int e = thread % LANES * GRAIN; e < STEP_D; e += LANES * GRAIN) {          \
      LOAD_GRAIN(x, X, DIM, at, (e0) + e, factor)                                   \
      LOCAL_SCALAR(staged, e * COLUMN_ROW + column) = x.x;                          \
      if (GRAIN == 4) {                                                             \
        LOCAL_SCALAR(staged, (e + 1) * COLUMN_ROW + column) = x.y;                  \
        LOCAL_SCALAR(staged, (e + 2) * COLUMN_ROW + column) = x.z;                  \
        LOCAL_SCALAR(staged, (e + 3) * COLUMN_ROW + column) = x.w;                  \
      }                                                                             \
    }                                                                               \
  }

// Copies elements [e0, e0 + TILE) of columns [c0, c0 + STEP_C).
#define STAGE_VALUES(X, DIM, TILE, e0, c0, factor)                                  \
  for (int column = thread / LANES; column < STEP_C; column += THREADS / LANES) {   \
    int at = columnAt[(c0) + column];                                               \
    for (int e = thread % LANES * GRAIN; e < TILE; e += LANES * GRAIN) {            \
      LOAD_GRAIN(x, X, DIM, at, (e0) + e, factor)                                   \
      if (GRAIN == 4) staged[(column * TILE + e) >> 2] = x;                         \
      else LOCAL_SCALAR(staged, column * TILE + e) = x.x;                           \
    }                                                                               \
  }

// One step of a product. Gradients take differences of products that may be nearly equal, so there four
// elements are summed before they join the running sum, which then strays half as far.
#if ROW_GRADIENTS
#define MULTIPLY_STEP(sum, row4)                                                    \
  sum += fma(                                                                       \
      SPLATN(row4.w), k3,                                                           \
      fma(SPLATN(row4.z), k2, fma(SPLATN(row4.y), k1, SPLATN(row4.x) * k0)));
#else
#define MULTIPLY_STEP(sum, row4)                                                    \
  sum = fma(SPLATN(row4.x), k0, sum);                                               \
  sum = fma(SPLATN(row4.y), k1, sum);                                               \
  sum = fma(SPLATN(row4.z), k2, sum);                                               \
  sum = fma(SPLATN(row4.w), k3, sum);
#endif

// products += rows · columns over the STEP_D staged elements; `from` is where they are in `rows`.
#define MULTIPLY(products, from)                                                    \
  for (int e = 0; e < STEP_D; e += 4) {                                             \
    float4 r[BLOCK_R];                                                              \
    ATT_UNROLL                                                                      \
    for (int i = 0; i < BLOCK_R; i++) {                                             \
      r[i] = rows[(ROW_OF(i) * ROW_STRIDE + (from) + e) >> 2];             \
    }                                                                               \
    ATT_UNROLL                                                                      \
    for (int x = 0; x < COLUMNS_N; x++) {                                           \
      int at = e * COLUMN_ROW + (tc + WORK_C * x) * WIDTH;                          \
      floatn k0 = LOCAL_VECTOR(staged, at);                                         \
      floatn k1 = LOCAL_VECTOR(staged, at + COLUMN_ROW);                            \
      floatn k2 = LOCAL_VECTOR(staged, at + 2 * COLUMN_ROW);                        \
      floatn k3 = LOCAL_VECTOR(staged, at + 3 * COLUMN_ROW);                        \
      ATT_UNROLL                                                                    \
      for (int i = 0; i < BLOCK_R; i++) {                                           \
        MULTIPLY_STEP(products[i * COLUMNS_N + x], r[i])                            \
      }                                                                             \
    }                                                                               \
  }

// sums += weights · staged vectors of TILE elements.
#define ACCUMULATE_STEP(sum, weight4)                                               \
  sum = fma(SPLATN(weight4.x), a, sum);                                             \
  sum = fma(SPLATN(weight4.y), b, sum);                                             \
  sum = fma(SPLATN(weight4.z), c, sum);                                             \
  sum = fma(SPLATN(weight4.w), d, sum);
#if defined(__OPENCL_VERSION__) && LANES == 1
#define ACCUMULATE(sums, N, TILE, c0)                                         \
  for (int x = 0; x < N; x++) {                                                     \
    floatn sum[BLOCK_R];                                                            \
    UNROLL                                                                          \
    for (int i = 0; i < BLOCK_R; i++) sum[i] = sums[i * N + x];                     \
    for (int cc = 0; cc < STEP_C; cc += 4) {                                        \
      int at = cc * TILE + (tc + WORK_C * x) * WIDTH;                               \
      floatn a = LOCAL_VECTOR(staged, at);                                          \
      floatn b = LOCAL_VECTOR(staged, at + TILE);                                   \
      floatn c = LOCAL_VECTOR(staged, at + 2 * TILE);                               \
      floatn d = LOCAL_VECTOR(staged, at + 3 * TILE);                               \
      UNROLL                                                                        \
      for (int i = 0; i < BLOCK_R; i++) {                                           \
        float4 w = weights[(ROW_OF(i) * WEIGHT_ROW + (c0) + cc) >> 2];     \
        ACCUMULATE_STEP(sum[i], w)                                            \
      }                                                                             \
    }                                                                               \
    UNROLL                                                                          \
    for (int i = 0; i < BLOCK_R; i++) sums[i * N + x] = sum[i];                     \
  }
#else
#define ACCUMULATE(sums, N, TILE, c0)                                         \
  for (int cc = 0; cc < STEP_C; cc += 4) {                                          \
    float4 w[BLOCK_R];                                                              \
    ATT_UNROLL                                                                      \
    for (int i = 0; i < BLOCK_R; i++) {                                             \
      w[i] = weights[(ROW_OF(i) * WEIGHT_ROW + (c0) + cc) >> 2];           \
    }                                                                               \
    ATT_UNROLL                                                                      \
    for (int x = 0; x < N; x++) {                                                   \
      int at = cc * TILE + (tc + WORK_C * x) * WIDTH;                               \
      floatn a = LOCAL_VECTOR(staged, at);                                          \
      floatn b = LOCAL_VECTOR(staged, at + TILE);                                   \
      floatn c = LOCAL_VECTOR(staged, at + 2 * TILE);                               \
      floatn d = LOCAL_VECTOR(staged, at + 3 * TILE);                               \
      ATT_UNROLL                                                                    \
      for (int i = 0; i < BLOCK_R; i++) {                                           \
        ACCUMULATE_STEP(sums[i * N + x], w[i])                                \
      }                                                                             \
    }                                                                               \
  }
#endif
// The same without the columns of weight 0, one column at a time: it is rarely run and small.
#define ACCUMULATE_WEIGHED(sums, N, TILE, c0)                                       \
  for (int cc = 0; cc < STEP_C; cc++) {                                             \
    float w[BLOCK_R];                                                               \
    ATT_UNROLL                                                                      \
    for (int i = 0; i < BLOCK_R; i++) {                                             \
      w[i] = LOCAL_SCALAR(weights, ROW_OF(i) * WEIGHT_ROW + (c0) + cc);             \
    }                                                                               \
    ATT_UNROLL                                                                      \
    for (int x = 0; x < N; x++) {                                                   \
      floatn a = LOCAL_VECTOR(staged, cc * TILE + (tc + WORK_C * x) * WIDTH);       \
      ATT_UNROLL                                                                    \
      for (int i = 0; i < BLOCK_R; i++) {                                           \
        sums[i * N + x] = fma(SPLATN(w[i]), UNLESS_ZERO(w[i], a), sums[i * N + x]); \
      }                                                                             \
    }                                                                               \
  }

// result += weights · staged vectors. A weight of 0 does not remove a NaN or an infinity that another
// row of the tile meets, so where the tile is masked and a sum is not finite, it is made again.
#define ADD_WEIGHTED(result, N, TILE, c0)                                           \
  {                                                                                 \
    floatn sums[BLOCK_R * N];                                                       \
    ATT_UNROLL                                                                      \
    for (int i = 0; i < BLOCK_R * N; i++) sums[i] = result[i];                      \
    ACCUMULATE(sums, N, TILE, c0)                                      \
    if (!full) {                                                                    \
      bool bad = false;                                                             \
      ATT_UNROLL                                                                    \
      for (int i = 0; i < BLOCK_R * N; i++) bad = bad || att_not_finite(sums[i]);   \
      if (bad) {                                                                    \
        ATT_UNROLL                                                                  \
        for (int i = 0; i < BLOCK_R * N; i++) sums[i] = result[i];                  \
        ACCUMULATE_WEIGHED(sums, N, TILE, c0)                                \
      }                                                                             \
    }                                                                               \
    ATT_UNROLL                                                                      \
    for (int i = 0; i < BLOCK_R * N; i++) result[i] = sums[i];                      \
  }

// Puts this invocation's block of `values` where ADD_WEIGHTED finds it.
#define PUT_WEIGHTS(values)                                                         \
  ATT_UNROLL                                                                        \
  for (int i = 0; i < BLOCK_R; i++) {                                               \
    ATT_UNROLL                                                                      \
    for (int x = 0; x < COLUMNS_N; x++) {                                           \
      LOCAL_PUT(                                                                    \
          weights, ROW_OF(i) * WEIGHT_ROW + (tc + WORK_C * x) * WIDTH,     \
          values[i * COLUMNS_N + x]);                                               \
    }                                                                               \
  }

// The bias of one lane's score.
#define BIAS_OF(lane)                                                                             \
  (SCORE_BIAS == 1                                                                                \
       ? BIAS_LOAD(                                                                               \
             scoreHead *BIAS_TABLE                                                                \
             + clamp(place + columnPlace[column0 + lane], 0, BIAS_TABLE - 1))                     \
       : -slope * TSR_TO_FLOAT(abs(place - columnPlace[column0 + lane])))

// Caps the scores and adds their bias; SLOPE(i) = … keeps the cap's slope.
#define SHAPE_SCORES(SLOPE)                                                         \
  if (SOFT_CAP != 0) {                                                              \
    ATT_UNROLL                                                                      \
    for (int i = 0; i < BLOCK_R * COLUMNS_N; i++) {                                 \
      floatn t = TANH(scores[i] * SPLATN(1.0f / p.softCap));                        \
      SLOPE(i, SPLATN(1.0f) - t * t)                                                \
      scores[i] = t * SPLATN(p.softCap);                                            \
    }                                                                               \
  }                                                                                 \
  if (SCORE_BIAS != 0 && !extra) {                                                  \
    float slope = SCORE_BIAS == 2 ? BIAS_LOAD(scoreHead) : 0.0f;                    \
    ATT_UNROLL                                                                      \
    for (int i = 0; i < BLOCK_R; i++) {                                             \
      int place = rowPlace[ROW_OF(i)];                                       \
      ATT_UNROLL                                                                    \
      for (int x = 0; x < COLUMNS_N; x++) {                                         \
        int column0 = (tc + WORK_C * x) * WIDTH;                                    \
        scores[i * COLUMNS_N + x] += EACH_LANE(BIAS_OF);                            \
      }                                                                             \
    }                                                                               \
  }
#define NO_SLOPE(i, value)

// Masks the scores of a tile that is not full.
#define MASK_SCORES                                                                 \
  if (!full) {                                                                      \
    ATT_UNROLL                                                                      \
    for (int i = 0; i < BLOCK_R; i++) {                                             \
      uint low = extra ? 0u : rowLow[ROW_OF(i)];                             \
      uint most = extra ? 0u : rowLast[ROW_OF(i)];                           \
      ATT_UNROLL                                                                    \
      for (int x = 0; x < COLUMNS_N; x++) {                                         \
        uintn code = LOCAL_UINTS(columnCode, (tc + WORK_C * x) * WIDTH);            \
        scores[i * COLUMNS_N + x] = att_mask(scores[i * COLUMNS_N + x], code, low, most, guard); \
      }                                                                             \
    }                                                                               \
  }

// Stores this invocation's elements of `result`, in tiles of TILE elements of vectors of length DIM.
#define STORE_RESULT(X, DIM, result, N, TILE, factor)                               \
  ATT_UNROLL                                                                        \
  for (int i = 0; i < BLOCK_R; i++) {                                               \
    int at = STORE_AT(ROW_OF(i));                                                   \
    ATT_UNROLL                                                                      \
    for (int x = 0; x < N; x++) {                                                   \
      ATT_UNROLL                                                                    \
      for (int quarter = 0; quarter < WIDTH / 4; quarter++) {                       \
        int e = part * TILE + (tc + WORK_C * x) * WIDTH + 4 * quarter;              \
        float4 four = PART4(result[i * N + x], quarter) * (factor);                 \
        int to = (at + split * splitStride) * DIM + e;                              \
        if (GRAIN == 4) {                                                           \
          if (at >= 0 && e < DIM) STORE4(X, to, four);                              \
        } else {                                                                    \
          if (at >= 0 && e < DIM) STORE(X, to, four.x);                             \
          if (at >= 0 && e + 1 < DIM) STORE(X, to + 1, four.y);                     \
          if (at >= 0 && e + 2 < DIM) STORE(X, to + 2, four.z);                     \
          if (at >= 0 && e + 3 < DIM) STORE(X, to + 3, four.w);                     \
        }                                                                           \
      }                                                                             \
    }                                                                               \
  }

// The state carried between dispatches: one word per invocation after the other, so that neighbours
// touch neighbouring words.
#define EXCHANGE_RESULT(MOVE, result, N, word0)                                     \
  ATT_UNROLL                                                                        \
  for (int i = 0; i < BLOCK_R * N; i++) {                                           \
    EXCHANGE_VECTOR(MOVE, result[i], (word0) + i * WIDTH)                           \
  }
#define EXCHANGE4(MOVE, v, word) \
  MOVE(v.x, word) MOVE(v.y, (word) + 1) MOVE(v.z, (word) + 2) MOVE(v.w, (word) + 3)
#if defined(__OPENCL_VERSION__) && WIDTH == 8
#define EXCHANGE_VECTOR(MOVE, v, word) \
  EXCHANGE4(MOVE, v.lo, word) EXCHANGE4(MOVE, v.hi, (word) + 4)
#else
#define EXCHANGE_VECTOR(MOVE, v, word) EXCHANGE4(MOVE, v, word)
#endif
#define STATE_SAVE(x, word) STORE(STATE, state + (word) * THREADS, x);
#define STATE_RESTORE(x, word) x = LOAD(STATE, state + (word) * THREADS);
// This invocation's first word, of `words` each.
#define STATE_PLACE(words)                                                                        \
  (((GROUP_ID(2) * GROUP_COUNT(1) + GROUP_ID(1)) * GROUP_COUNT(0) + GROUP_ID(0)) * (words) * THREADS \
   + thread)

#endif
