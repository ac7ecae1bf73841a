#pragma once
// The state of one tile of attention while it is computed, and its place in local memory.
//
// A tile owns rows and streams columns: the rows are queries and the columns keys, or for the
// gradients of keys and values the other way round. Both sides have two vectors: of the head
// dimension D (Q or K), whose products are the scores, and of the value dimension Dv (dO or V),
// whose products are dP.
//
//   pass      rows hold      columns hold                    accumulates
//   FORWARD   Q              Kᵀ, V                           O
//   QUERIES   Q, dO          Kᵀ, Vᵀ, K                       dQ
//   KEYS      K, V           Qᵀ, dOᵀ, Q, dO, LSE, δ          dK, dV
//   EXTRA     as KEYS, with the additional keys as rows
#include "include/tessera_attention.h"
#include "elements.h"
#include "../../Shaders/Attention/attention_axis.h"

// Rows and column vectors of one register block.
#define BLOCK_ROWS 4
#define BLOCK_VECTORS 3

INLINE int32_t at_min(int32_t a, int32_t b) { return a < b ? a : b; }
INLINE int32_t at_max(int32_t a, int32_t b) { return a > b ? a : b; }
INLINE size_t at_round(size_t x, size_t to) { return (x + to - 1) / to * to; }

INLINE int at_is_keys(int pass) {
  return pass == TESSERA_ATTENTION_KEYS || pass == TESSERA_ATTENTION_EXTRA;
}

typedef struct {
  const tessera_attention_constants *p;
  const tessera_attention_operands *x;
  // Head and value dimension, and the same padded to vectors.
  size_t d, dv, pad_d, pad_v;
  // Distance of two dimensions in a transposed chunk; of two rows in `scores` and `slopes`.
  int32_t ld;
  size_t lds;
  // Rows of the tile and of a register block along each axis; blocks of a head along each axis, of
  // all heads.
  int32_t extent[3], side[3], blocks[3], all_blocks;
  // Rows in register blocks: [block][D][BLOCK_ROWS] (times scale) and [block][Dv][BLOCK_ROWS].
  float *row_a, *row_b;
  // Accumulators [row][pad_d] and [row][pad_v].
  float *acc_a, *acc_b;
  // Per row: running maximum and sum (FORWARD); LSE, +inf if the row is empty, and δ (QUERIES).
  float *m, *l, *base, *delta;
  // Per row: 0 for keys that the mask hides (KEYS).
  int32_t *shown;
  // Per row along each axis: the interval of columns, and the position on the key axis.
  int32_t *low[3], *high[3], *place[3];
  // The chunk: transposed [D][ld], [Dv][ld], and as rows [column][pad_d], [column][pad_v].
  float *col_at, *col_bt, *col_a, *col_b;
  // Per column of the chunk: LSE (as above) and δ of queries; -1 for keys that the mask shows, else
  // 0, or one bit for each list that names it; position on the key axis along the last axis; token.
  float *col_base, *col_delta;
  int32_t *live, *position;
  size_t *token, *vector;
  // Eight vectors, converted.
  float *staging;
  // Of one register block: scores or weights, and dP or dS.
  float *scores, *slopes;
  // Per column vector: where it starts in the chunk, its column in the box, its lanes in use; of
  // its line along the outer axes the coordinates and the positions on the key axis.
  int32_t *start, *column, *used, *line[2], *outer[2];
} at_tile;

// Whether scores are more than scaled products.
static inline int at_is_full(const tessera_attention_constants *p) {
  return p->soft_cap > 0 || p->alibi || p->bias || p->mask;
}

// Lays the arrays out from `local` on and returns the bytes used.
static inline size_t at_layout(
    at_tile *t, const tessera_attention_constants *p, int pass, char *local) {
  size_t at = 0;
  t->p = p;
  t->d = (size_t)p->head_dim;
  t->dv = (size_t)p->value_dim;
  t->pad_d = at_round(t->d, LANES);
  t->pad_v = at_round(t->dv, LANES);
  // An odd number of cache lines apart, so that a column does not fall into one cache set; and room
  // for a vector that starts at the last column.
  t->ld = (int32_t)at_round((size_t)p->chunk + LANES, 16) | 16;
  t->lds = LANES * ((size_t)p->chunk + BLOCK_VECTORS);
  int extra = pass == TESSERA_ATTENTION_EXTRA, keys = at_is_keys(pass);
  t->all_blocks = keys ? 1 : p->together;
  for (int a = 0; a < 3; a++) {
    t->extent[a] = extra ? (a == 2 ? p->extra_tile : 1) : p->axis[a].tile;
    t->side[a] = extra ? (a == 2 ? BLOCK_ROWS : 1) : p->axis[a].block;
    t->blocks[a] = (t->extent[a] + t->side[a] - 1) / t->side[a];
    t->all_blocks *= t->blocks[a];
  }
  size_t rows = (size_t)t->all_blocks * BLOCK_ROWS, chunk = (size_t)p->chunk + LANES;
  size_t vectors = (size_t)p->chunk + BLOCK_VECTORS, ld = (size_t)t->ld;
  int forward = pass == TESSERA_ATTENTION_FORWARD, queries = pass == TESSERA_ATTENTION_QUERIES;
#define ARRAY(name, type, count)              \
  t->name = (type *)(local + at);             \
  at += at_round((size_t)(count) * sizeof(type), 64);
  ARRAY(row_a, float, rows * t->d)
  ARRAY(row_b, float, forward ? 0 : rows * t->dv)
  ARRAY(acc_a, float, forward ? 0 : rows * t->pad_d)
  ARRAY(acc_b, float, queries ? 0 : rows * t->pad_v)
  ARRAY(m, float, forward ? rows : 0)
  ARRAY(l, float, forward ? rows : 0)
  ARRAY(base, float, queries ? rows : 0)
  ARRAY(delta, float, queries ? rows : 0)
  ARRAY(shown, int32_t, keys ? rows : 0)
  for (int a = 0; a < 3; a++) {
    ARRAY(low[a], int32_t, t->extent[a])
    ARRAY(high[a], int32_t, t->extent[a])
    ARRAY(place[a], int32_t, t->extent[a])
  }
  ARRAY(col_at, float, t->d * ld)
  ARRAY(col_bt, float, forward ? 0 : t->dv * ld)
  ARRAY(col_a, float, forward ? 0 : chunk * t->pad_d)
  ARRAY(col_b, float, queries ? 0 : chunk * t->pad_v)
  ARRAY(col_base, float, keys ? chunk : 0)
  ARRAY(col_delta, float, keys ? chunk : 0)
  ARRAY(live, int32_t, chunk)
  ARRAY(position, int32_t, chunk)
  ARRAY(token, size_t, chunk)
  ARRAY(vector, size_t, chunk)
  ARRAY(staging, float, LANES * at_round(t->pad_d > t->pad_v ? t->pad_d : t->pad_v, 16))
  ARRAY(scores, float, BLOCK_ROWS * t->lds)
  ARRAY(slopes, float, forward ? 0 : BLOCK_ROWS * t->lds)
  ARRAY(start, int32_t, vectors)
  ARRAY(column, int32_t, vectors)
  ARRAY(used, int32_t, vectors)
  ARRAY(line[0], int32_t, vectors)
  ARRAY(line[1], int32_t, vectors)
  ARRAY(outer[0], int32_t, vectors)
  ARRAY(outer[1], int32_t, vectors)
#undef ARRAY
  return at;
}

// What is subtracted from a query's scores: its LSE; +inf for a query without keys, as e^(s − inf)
// is 0.
INLINE float at_exponent_base(float lse) {
  return lse == -__builtin_inff() ? __builtin_inff() : lse;
}
