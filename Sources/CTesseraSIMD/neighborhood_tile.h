#pragma once
// The state of one tile while it is computed, and its place in local memory.
#include "include/tessera_neighborhood.h"
#include "include/tessera_simd.h"
#include "vector.h"
#include "../../Shaders/Neighborhood/neighborhood_index.h"

// Queries of one register block, along the last axis.
#define BLOCK_Q 4
// Key vectors of one register block.
#define BLOCK_K 3

typedef struct {
  const tessera_na_constants *p;
  // Padded value dimension, and distance of two head dimensions in `kt`.
  int32_t dv, ldk;
  int32_t rows, queries;
  // f32 copies of the chunk: keys transposed [D][ldk], values [chunk][dv].
  float *kt, *vs;
  // One key or value vector per lane, converted.
  float *staging;
  // Register block: queries [D][BLOCK_Q] times scale, scores [BLOCK_Q][8·vectors].
  float *qs, *scores;
  // Start of each key vector in the chunk, its column in the key box, its lanes in use.
  int32_t *start, *column, *used;
  // Per row of the tile: running maximum, sum, and unnormalised output [rows][dv].
  float *m, *l, *acc;
  // Where the output of a missing query of an incomplete block goes.
  float *spare;
} na_tile;

INLINE int32_t na_min(int32_t a, int32_t b) { return a < b ? a : b; }
INLINE int32_t na_max(int32_t a, int32_t b) { return a > b ? a : b; }
INLINE size_t na_round(size_t x) { return (x + 15) / 16 * 16; }

// Lays the arrays out from `local` on and returns the floats used.
INLINE size_t na_tile_layout(na_tile *t, const tessera_na_constants *p, float *local) {
  size_t at = 0;
  t->p = p;
  t->dv = (p->value_dim + LANES - 1) / LANES * LANES;
  // An odd number of cache lines apart, so that a column of `kt` does not fall into one cache set;
  // and room for a vector that starts at the last key.
  t->ldk = (int32_t)na_round((size_t)p->chunk + LANES) | 16;
  t->queries = p->tile[0] * p->tile[1] * p->tile[2];
  t->rows = t->queries * p->together;
  size_t d = (size_t)p->head_dim, rows = (size_t)t->rows, chunk = (size_t)p->chunk;
  size_t widest = (size_t)(p->head_dim > t->dv ? p->head_dim : t->dv);
#define ARRAY(name, type, count)     \
  t->name = (type *)(local + at);    \
  at += na_round((size_t)(count));
  ARRAY(kt, float, d * (size_t)t->ldk)
  ARRAY(vs, float, chunk * (size_t)t->dv)
  ARRAY(staging, float, LANES * na_round(widest))
  ARRAY(qs, float, d * BLOCK_Q)
  ARRAY(scores, float, BLOCK_Q * LANES * (chunk + BLOCK_K))
  ARRAY(start, int32_t, chunk + BLOCK_K)
  ARRAY(column, int32_t, chunk + BLOCK_K)
  ARRAY(used, int32_t, chunk + BLOCK_K)
  ARRAY(m, float, rows)
  ARRAY(l, float, rows)
  ARRAY(acc, float, rows * (size_t)t->dv)
  ARRAY(spare, float, t->dv)
#undef ARRAY
  return at;
}

// Address of element `i` of a tensor of storage type `dtype`.
INLINE const void *na_element(const void *base, int32_t dtype, size_t i) {
  return (const char *)base + i * (dtype == 0 ? 4 : 2);
}

// `count` elements from `i` on as f32: in place if they are, else converted into `room`.
INLINE const float *na_floats(
    const void *base, int32_t dtype, size_t i, size_t count, float *room) {
  const void *source = na_element(base, dtype, i);
  if (dtype == 0) return source;
  if (dtype == 1) tessera_f16_to_f32(source, room, count);
  else tessera_bf16_to_f32(source, room, count);
  return room;
}
