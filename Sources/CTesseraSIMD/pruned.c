// A cache with pruned elements on the CPU.
#include <math.h>

#include "clones.h"
#include "elements.h"
#include "include/tessera_cache.h"

enum { BLOCK = 64, MOST_DIM = 512 };

INLINE uint32_t magnitude(float v) {
  uint32_t bits;
  memcpy(&bits, &v, 4);
  return bits & 0x7fffffffu;
}

// Marks the `kept` elements of largest magnitude, of equal ones the first.
INLINE void keep_largest(const float *x, size_t dim, int32_t kept, uint8_t *keep) {
  uint32_t threshold = 0;
  for (int bit = 30; bit >= 0; bit--) {
    uint32_t candidate = threshold | 1u << bit;
    int32_t count = 0;
    for (size_t d = 0; d < dim; d++) count += magnitude(x[d]) >= candidate;
    if (count >= kept) threshold = candidate;
  }
  int32_t equal = kept;
  for (size_t d = 0; d < dim; d++) equal -= magnitude(x[d]) > threshold;
  for (size_t d = 0; d < dim; d++) {
    uint32_t m = magnitude(x[d]);
    keep[d] = m > threshold || (m == threshold && equal > 0);
    equal -= m == threshold;
  }
}

// Token and channel of element `i` of a tile.
INLINE size_t tile_token(int32_t keys, size_t tile, size_t i) { return keys ? i : tile % BLOCK; }
INLINE size_t tile_channel(int32_t keys, size_t tile, size_t i) {
  return keys ? tile : tile / BLOCK * BLOCK + i;
}

TESSERA_CLONES
void tessera_pruned_pack(
    const tessera_pruned_pack_constants *p, int32_t type, int32_t dim_, int32_t key_tiles,
    const void *x, uint64_t *bits, int32_t *offsets, void *values, size_t first, size_t last) {
  size_t dim = (size_t)dim_, heads = (size_t)p->heads, blocks = (size_t)p->blocks;
  float room[MOST_DIM];
  uint8_t keep[BLOCK][MOST_DIM];
  for (size_t unit = first; unit < last; unit++) {
    size_t head = unit / blocks % heads;
    size_t start = (unit / blocks / heads * blocks + unit % blocks) * BLOCK;
    for (size_t t = 0; t < BLOCK; t++)
      keep_largest(
          elements_load(x, type, ((start + t) * heads + head) * dim, dim, room), dim, p->kept,
          keep[t]);
    size_t at = unit * (size_t)p->capacity, begin = at;
    for (size_t tile = 0; tile < dim; tile++) {
      uint64_t map = 0;
      offsets[unit * (dim + 1) + tile] = (int32_t)((at - begin) / 2);
      for (size_t i = 0; i < BLOCK; i++) {
        size_t t = tile_token(key_tiles, tile, i), c = tile_channel(key_tiles, tile, i);
        if (!keep[t][c]) continue;
        map |= 1ull << (63 - i);
        float own;
        elements_store(
            values, type, at++, 1,
            elements_load(x, type, ((start + t) * heads + head) * dim + c, 1, &own));
      }
      bits[unit * dim + tile] = map;
      float zero = 0;
      for (; (at - begin) % 8 != 0; at++) elements_store(values, type, at, 1, &zero);
    }
    offsets[unit * (dim + 1) + dim] = (int32_t)((at - begin) / 2);
  }
}

// Where element `i` of a region is: what offsets hold is not trusted.
INLINE size_t region_at(size_t region, int32_t capacity, int32_t offset, int32_t i) {
  int64_t at = 2 * (int64_t)offset + i;
  return region + (size_t)(at < 0 ? 0 : at < capacity ? at : capacity - 1);
}

TESSERA_CLONES
void tessera_pruned_unpack(
    const tessera_pruned_unpack_constants *p, int32_t type, int32_t dim_, int32_t key_tiles,
    const uint64_t *bits, const int32_t *offsets, const void *values, void *out, size_t first,
    size_t last) {
  size_t dim = (size_t)dim_, heads = (size_t)p->heads, blocks = (size_t)p->blocks;
  for (size_t unit = first; unit < last; unit++) {
    size_t head = unit / blocks % heads;
    size_t start = (unit / blocks / heads * blocks + unit % blocks) * BLOCK;
    for (size_t tile = 0; tile < dim; tile++) {
      uint64_t map = bits[unit * dim + tile];
      int32_t rank = 0, offset = offsets[unit * (dim + 1) + tile];
      for (size_t i = 0; i < BLOCK; i++) {
        float own;
        const float *value = &own;
        own = 0;
        if (map >> (63 - i) & 1)
          value = elements_load(
              values, type,
              region_at(unit * (size_t)p->capacity, p->capacity, offset, rank++), 1, &own);
        size_t t = tile_token(key_tiles, tile, i), c = tile_channel(key_tiles, tile, i);
        elements_store(out, type, ((start + t) * heads + head) * dim + c, 1, value);
      }
    }
  }
}

size_t tessera_pruned_local_bytes(int32_t group, int32_t dim, int32_t value_dim) {
  return sizeof(float) * (size_t)group * (size_t)(dim + value_dim + BLOCK + 2);
}

// The elements of one tile in their places, the others 0.
INLINE void spread_tile(
    uint64_t map, int32_t offset, const void *values, int32_t type, size_t region,
    int32_t capacity, float *out) {
  float room[BLOCK];
  int32_t count = __builtin_popcountll(map), rank = 0;
  size_t from = region_at(region, capacity, offset, 0), end = region + (size_t)capacity;
  if (from + (size_t)count > end) from = end - (size_t)count;
  const float *own = elements_load(values, type, from, (size_t)count, room);
  for (size_t i = 0; i < BLOCK; i++) out[i] = map >> (63 - i) & 1 ? own[rank++] : 0;
}

// The block's weights of one row, with what came before rescaled.
INLINE void row_weights(float *s, size_t tokens, float *top, float *total, float *acc, size_t dv) {
  float most = *top;
  for (size_t t = 0; t < tokens; t++) most = s[t] > most ? s[t] : most;
  float base = most == -__builtin_inff() ? 0 : most, factor = expf(*top - base);
  *top = most;
  *total *= factor;
  for (size_t c = 0; c < dv; c++) acc[c] *= factor;
  for (size_t t = 0; t < tokens; t++) {
    s[t] = expf(s[t] - base);
    *total += s[t];
  }
}

TESSERA_CLONES
void tessera_pruned_decode(
    const tessera_pruned_constants *p, const tessera_pruned_operands *x, const int32_t *types,
    int32_t dim, int32_t value_dim, size_t split, size_t kv_head, size_t batch, void *local) {
  size_t d = (size_t)dim, dv = (size_t)value_dim, kv_heads = (size_t)p->kv_heads;
  size_t group = (size_t)p->heads / kv_heads, blocks = (size_t)p->blocks;
  size_t all = blocks + ((size_t)p->recent + BLOCK - 1) / BLOCK, splits = (size_t)p->splits;
  size_t begin = split * (all / splits) + (split < all % splits ? split : all % splits);
  size_t end = begin + all / splits + (split < all % splits);
  size_t first = batch * (size_t)p->heads + kv_head * group;
  float *q = local, *acc = q + group * d, *s = acc + group * dv, *top = s + group * BLOCK;
  float *total = top + group, room[MOST_DIM], tile[BLOCK];
  for (size_t r = 0; r < group; r++) {
    const float *own = elements_load(x->q, types[0], (first + r) * d, d, room);
    for (size_t c = 0; c < d; c++) q[r * d + c] = own[c] * p->scale;
    top[r] = -__builtin_inff();
    total[r] = 0;
  }
  memset(acc, 0, group * dv * sizeof(float));
  for (size_t block = begin; block < end; block++) {
    size_t unit = (batch * kv_heads + kv_head) * blocks + block;
    size_t tail = block < blocks ? 0 : (block - blocks) * BLOCK;
    size_t left = (size_t)p->recent - tail;
    size_t tokens = block < blocks || left > BLOCK ? BLOCK : left;
    memset(s, 0, group * BLOCK * sizeof(float));
    if (block < blocks) {
      for (size_t c = 0; c < d; c++) {
        uint64_t map = x->k_bits[unit * d + c];
        if (map == 0) continue;
        spread_tile(
            map, x->k_offsets[unit * (d + 1) + c], x->k, types[1],
            unit * (size_t)p->key_capacity, p->key_capacity, tile);
        for (size_t r = 0; r < group; r++) elements_add(s + r * BLOCK, q[r * d + c], tile, BLOCK);
      }
    } else {
      for (size_t t = 0; t < tokens; t++) {
        size_t vector = (batch * (size_t)p->recent + tail + t) * kv_heads + kv_head;
        const float *key = elements_load(x->k_recent, types[1], vector * d, d, room);
        for (size_t r = 0; r < group; r++) s[r * BLOCK + t] = elements_dot(q + r * d, key, d);
      }
    }
    for (size_t r = 0; r < group; r++)
      row_weights(s + r * BLOCK, tokens, top + r, total + r, acc + r * dv, dv);
    for (size_t t = 0; t < tokens; t++) {
      if (block >= blocks) {
        size_t vector = (batch * (size_t)p->recent + tail + t) * kv_heads + kv_head;
        const float *value = elements_load(x->v_recent, types[2], vector * dv, dv, room);
        for (size_t r = 0; r < group; r++)
          elements_add(acc + r * dv, s[r * BLOCK + t], value, dv);
        continue;
      }
      for (size_t run = 0; run < dv / BLOCK; run++) {
        size_t at = run * BLOCK + t;
        uint64_t map = x->v_bits[unit * dv + at];
        if (map == 0) continue;
        spread_tile(
            map, x->v_offsets[unit * (dv + 1) + at], x->v, types[2],
            unit * (size_t)p->value_capacity, p->value_capacity, tile);
        for (size_t r = 0; r < group; r++)
          elements_add(acc + r * dv + run * BLOCK, s[r * BLOCK + t], tile, BLOCK);
      }
    }
  }
  for (size_t r = 0; r < group; r++) {
    size_t vector = first + r + split * (size_t)p->split_stride;
    float inverse = total[r] == 0 ? 0 : 1 / total[r];
    for (size_t c = 0; c < dv; c++) acc[r * dv + c] *= inverse;
    elements_store(x->o, types[3], vector * dv, dv, acc + r * dv);
    x->lse[vector] = total[r] == 0 ? -__builtin_inff() : top[r] + logf(total[r]);
  }
}
