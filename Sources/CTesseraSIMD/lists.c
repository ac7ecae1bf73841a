// Lists of key blocks on the CPU; the meaning is in Shaders/Sparse/list_rows.h and list_transpose.h.
#include "tessera_lists.h"
#include <stdbool.h>
#include <string.h>

static int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }
static int32_t clamped(int32_t x, int32_t low, int32_t high) {
  return x < low ? low : least(x, high);
}
static int32_t blocks_of(int32_t tokens, int32_t block) {
  return (int32_t)(((int64_t)tokens + block - 1) / block);
}

// Which blocks a row may list, and which its window touches.
typedef struct {
  int32_t first_block, limit, touched, untouched;
  bool there;
} row_place;

static row_place place_of(
    const tessera_list_rows_constants *p, const int32_t *cu_q, const int32_t *cu_k, int32_t row) {
  row_place place = {0, 0, 0, 0, true};
  int32_t queries = p->queries, keys = p->keys;
  if (p->flags & tessera_list_flag_packed) {
    int32_t q0 = 0, k0 = 0;
    place.there = false;
    for (int32_t s = 0; s < p->sequences && !place.there; s++) {
      int32_t q1 = clamped(cu_q[s + 1], q0, p->queries), k1 = clamped(cu_k[s + 1], k0, p->keys);
      queries = q1 - q0;
      keys = k1 - k0;
      int32_t rows = blocks_of(queries, p->query_block);
      place.there = row < rows;
      if (!place.there) {
        row -= rows;
        place.first_block += blocks_of(keys, p->key_block);
      }
      q0 = q1;
      k0 = k1;
    }
    if (!place.there) return place;
  }
  int64_t first = (int64_t)row * p->query_block;
  int64_t first_at = first + (p->flags & tessera_list_flag_top_left ? 0 : (int64_t)keys - queries);
  int64_t own = queries - first < p->query_block ? queries - first : p->query_block;
  int64_t last_at = first_at + own - 1, end = keys;
  if (p->flags & tessera_list_flag_causal)
    end = last_at < 0 ? 0 : last_at + 1 < keys ? last_at + 1 : keys;
  place.limit = (int32_t)((end + p->key_block - 1) / p->key_block);
  if (p->flags & tessera_list_flag_window) {
    int64_t from = first_at > p->left ? first_at - p->left : 0, to = last_at + p->right;
    if (to > end - 1) to = end - 1;
    if (to >= from) {
      place.touched = (int32_t)(from / p->key_block);
      place.untouched = (int32_t)(to / p->key_block) + 1;
    }
  }
  return place;
}

void tessera_list_rows(
    const tessera_list_rows_constants *p, const int32_t *indices, const int32_t *counts,
    const int32_t *cu_q, const int32_t *cu_k, int32_t *entries, int32_t *lengths, uint64_t *bitmap,
    size_t first, size_t last) {
  size_t words = ((size_t)blocks_of(p->keys, p->key_block) + 63) / 64;
  memset(bitmap, 0, 8 * words);
  for (size_t id = first; id < last; id++) {
    row_place place = place_of(p, cu_q, cu_k, (int32_t)(id % (size_t)p->rows));
    const int32_t *from = indices + p->first_index + id * (size_t)p->width;
    int32_t *to = entries + id * (size_t)p->capacity, listed = 0;
    int32_t many = place.there ? p->width : 0;
    if (place.there && p->flags & tessera_list_flag_counts)
      many = clamped(counts[(size_t)p->first_count + id], 0, p->width);
    size_t low = words, high = 0;
    for (int32_t i = 0; i < many; i++) {
      int32_t block = from[i];
      if (block < 0 || block >= place.limit) continue;
      size_t word = (size_t)block / 64;
      bitmap[word] |= (uint64_t)1 << (block % 64);
      if (word < low) low = word;
      if (word + 1 > high) high = word + 1;
    }
    for (size_t word = low; word < high; word++)
      for (uint64_t bits = bitmap[word]; bits; bits &= bits - 1)
        to[listed++] = place.first_block + (int32_t)word * 64 + __builtin_ctzll(bits);
    int32_t total = listed;
    for (int32_t block = place.touched; block < place.untouched; block++)
      if (!(bitmap[block / 64] >> (block % 64) & 1)) to[total++] = place.first_block + block;
    for (size_t word = low; word < high; word++) bitmap[word] = 0;
    lengths[2 * id] = listed;
    lengths[2 * id + 1] = total;
  }
}

void tessera_list_count(
    const tessera_list_transpose_constants *p, const int32_t *entries, const int32_t *lengths,
    int32_t *counts, size_t first, size_t last) {
  for (size_t chunk = first; chunk < last; chunk++) {
    size_t list = chunk / (size_t)p->chunks, row = chunk % (size_t)p->chunks * (size_t)p->chunk_rows;
    size_t end = row + (size_t)p->chunk_rows;
    if (end > (size_t)p->rows) end = (size_t)p->rows;
    int32_t *own = counts + chunk * (size_t)p->blocks;
    memset(own, 0, 4 * (size_t)p->blocks);
    for (size_t id = list * (size_t)p->rows + row; row < end; row++, id++)
      for (int32_t i = 0; i < lengths[2 * id + 1]; i++)
        own[entries[id * (size_t)p->capacity + (size_t)i]]++;
  }
}

void tessera_list_prefix(
    const tessera_list_transpose_constants *p, int32_t *counts, int32_t *offsets, size_t first,
    size_t last) {
  size_t blocks = (size_t)p->blocks;
  for (size_t id = first; id < last; id++) {
    size_t list = id / blocks, block = id % blocks;
    int32_t sum = 0;
    for (size_t chunk = 0; chunk < (size_t)p->chunks; chunk++) {
      int32_t *at = counts + (list * (size_t)p->chunks + chunk) * blocks + block;
      int32_t own = *at;
      *at = sum;
      sum += own;
    }
    offsets[list * (blocks + 1) + block] = sum;
  }
}

void tessera_list_scan(
    const tessera_list_transpose_constants *p, int32_t *offsets, size_t first, size_t last) {
  for (size_t list = first; list < last; list++) {
    int32_t *own = offsets + list * ((size_t)p->blocks + 1), sum = 0;
    for (int32_t block = 0; block < p->blocks; block++) {
      int32_t many = own[block];
      own[block] = sum;
      sum += many;
    }
    own[p->blocks] = sum;
  }
}

void tessera_list_scatter(
    const tessera_list_transpose_constants *p, const int32_t *entries, const int32_t *lengths,
    int32_t *counts, const int32_t *offsets, int32_t *rows, int32_t rows_only, size_t first,
    size_t last) {
  for (size_t chunk = first; chunk < last; chunk++) {
    size_t list = chunk / (size_t)p->chunks, row = chunk % (size_t)p->chunks * (size_t)p->chunk_rows;
    size_t end = row + (size_t)p->chunk_rows, capacity = (size_t)p->capacity;
    if (end > (size_t)p->rows) end = (size_t)p->rows;
    int32_t *next = counts + chunk * (size_t)p->blocks;
    const int32_t *start = offsets + list * ((size_t)p->blocks + 1);
    int32_t *to = rows + list * (size_t)p->rows * capacity;
    for (size_t id = list * (size_t)p->rows + row; row < end; row++, id++)
      for (int32_t i = 0; i < lengths[2 * id + 1]; i++) {
        int32_t block = entries[id * capacity + (size_t)i];
        to[start[block] + next[block]++] =
            rows_only ? (int32_t)row : (int32_t)(row * capacity) + i;
      }
    if (!rows_only) continue;
    // What no entry takes. Each chunk does the places that its rows could fill.
    size_t at = (chunk % (size_t)p->chunks) * (size_t)p->chunk_rows * capacity;
    size_t used = (size_t)start[p->blocks];
    for (at = at > used ? at : used; at < end * capacity; at++) to[at] = -1;
  }
}
