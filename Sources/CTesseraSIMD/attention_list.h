#pragma once
// A tile of attention over lists: which rows it owns, and the set of items that its lists name.
//
//   pass      a unit of rows              an item of columns
//   FORWARD   a row of a list: queries    a block of keys
//   QUERIES   a row of a list: queries    a block of keys
//   KEYS      a block of keys             a row of a list: queries
//
// A set is kept as bits, so the order of a list and duplicates in it leave no trace.
#include "attention_block.h"
#include "attention_rows.h"
#include "include/tessera_list_attention.h"

// Most units of a tile: bits of a mask.
#define LIST_UNITS 32

typedef struct {
  at_tile t;
  const tessera_list_constants *p;
  const tessera_list_operands *x;
  // Where rows of keys lie.
  at_place place;
  // The items that any unit names or has near, one bit each; and of each the units that name it, one
  // bit each, if not all of them are named by the only unit.
  uint64_t *bits;
  uint32_t *masks;
  // Of the sequence: keys, queries, position of query 0; first tokens; items; its first row in the
  // lists and its first block in the transposed lists; its number.
  int32_t n, m, first, items, list_row, first_block;
  size_t query_base, key_base, batch;
  size_t kv_head;
  // The query heads that share the list: from `head` on `heads`.
  size_t head, heads, list;
  // Units [unit, unit + units) and, of their rows, [row, row + rows).
  int32_t unit, units, row, rows;
  // Columns by rank that count, and rows of O before those of this split. Paged only.
  int64_t rank, rank_end;
  size_t vector_base;
  int split;
} al_tile;

static inline int32_t al_ceil(int32_t a, int32_t b) { return a / b + (a % b > 0); }

// Rows of a unit, and columns of an item.
static inline int32_t al_unit_rows(const al_tile *a, int keys) {
  return keys ? a->p->key_block : a->p->query_block * (int32_t)a->heads;
}

// Rows that units [unit, unit + units) have in the sequence.
static inline int32_t al_rows(const al_tile *a, int keys, int32_t unit, int32_t units) {
  int64_t size = keys ? a->p->key_block : a->p->query_block, limit = keys ? a->n : a->m;
  int64_t begin = unit * size, end = (unit + (int64_t)units) * size;
  if (end > limit) end = limit;
  return end > begin ? (int32_t)((end - begin) * (keys ? 1 : (int64_t)a->heads)) : 0;
}

static inline void al_add(al_tile *a, int32_t item, uint32_t unit) {
  if (item < 0 || item >= a->items) return;
  uint64_t bit = (uint64_t)1 << (item & 63);
  uint64_t *word = a->bits + (item >> 6);
  if (a->masks) a->masks[item] = (*word & bit ? a->masks[item] : 0) | unit;
  *word |= bit;
}

// Adds the items that the added window of positions [begin, end] reaches: of queries, keys from
// `before` ahead of them to `after` behind; of keys the queries.
static inline void al_add_near(al_tile *a, int keys, int64_t begin, int64_t end) {
  const tessera_list_constants *p = a->p;
  int64_t low = begin - (keys ? p->right : p->left), high = end + (keys ? p->left : p->right);
  int64_t shift = keys ? a->first : 0, limit = keys ? a->m : a->n;
  int32_t size = keys ? p->query_block : p->key_block;
  low = low - shift < 0 ? 0 : low - shift;
  high = high - shift >= limit ? limit - 1 : high - shift;
  if (low > high) return;
  for (int32_t item = (int32_t)(low / size); item <= (int32_t)(high / size); item++)
    al_add(a, item, 0);
}

// Adds what one unit names.
static inline void al_add_unit(al_tile *a, int keys, int32_t unit, uint32_t bit) {
  const tessera_list_constants *p = a->p;
  if (!p->listed) {
    for (int32_t item = 0; item < a->items; item++) al_add(a, item, bit);
    return;
  }
  if (keys) {
    const int32_t *offsets = a->x->offsets + a->list * ((size_t)p->key_blocks + 1);
    const int32_t *rows = a->x->rows + a->list * (size_t)p->list_rows * (size_t)p->list_width;
    int32_t block = a->first_block + unit;
    if (block < p->key_blocks)
      for (int32_t i = offsets[block]; i < offsets[block + 1]; i++)
        al_add(a, rows[i] - a->list_row, bit);
  } else if (a->list_row + unit < p->list_rows) {
    size_t row = a->list * (size_t)p->list_rows + (size_t)(a->list_row + unit);
    const int32_t *entries = a->x->indices + row * (size_t)p->list_width;
    int32_t count = p->list_width;
    if (p->counts) count = at_max(0, at_min(a->x->counts[row], count));
    for (int32_t i = 0; i < count; i++) al_add(a, entries[i], bit);
  }
}

// Makes the set of the tile's items.
static inline void al_set(al_tile *a, int keys) {
  const tessera_list_constants *p = a->p;
  a->items = keys ? al_ceil(a->m, p->query_block) : al_ceil(a->n, p->key_block);
  memset(a->bits, 0, ((size_t)a->items + 63) / 64 * 8);
  for (int32_t u = 0; u < a->units; u++) {
    al_add_unit(a, keys, a->unit + u, a->masks ? (uint32_t)1 << u : 1);
    if (!p->window) continue;
    int64_t size = keys ? p->key_block : p->query_block, limit = keys ? a->n : a->m;
    int64_t begin = (a->unit + u) * size, end = begin + size < limit ? begin + size : limit;
    int64_t shift = keys ? 0 : a->first;
    if (begin < end) al_add_near(a, keys, begin + shift, end - 1 + shift);
  }
}

// Runs the statement for every item of the set, ascending.
#define AL_EACH_ITEM(a, item, ...)                                           \
  for (int32_t word_ = 0; word_ < ((a)->items + 63) / 64; word_++)           \
    for (uint64_t left_ = (a)->bits[word_]; left_ != 0; left_ &= left_ - 1) { \
      int32_t item = word_ * 64 + __builtin_ctzll(left_);                    \
      __VA_ARGS__                                                            \
    }

// Whether the tile's units are cheaper one after another, each with what it names alone, than all
// together with what any of them names: gathering a column costs about as much as three register
// blocks' products with it.
static inline int al_apart(const al_tile *a, int keys) {
  const tessera_list_constants *p = a->p;
  if (p->together >= 0) return !p->together;
  int32_t unit_rows = al_unit_rows(a, keys), blocks = al_ceil(a->rows, BLOCK_ROWS);
  int32_t columns = keys ? p->query_block * (int32_t)a->heads : p->key_block;
  // Items of one vector of columns.
  int32_t group = columns < LANES ? LANES / columns : 1, gathered = 0;
  int64_t apart = 0, together = 0;
  uint32_t any = 0;
  AL_EACH_ITEM(a, item, {
    apart += __builtin_popcount(a->masks[item]) * (int64_t)(3 + al_ceil(unit_rows, BLOCK_ROWS));
    any |= a->masks[item];
    together += 3;
    if (++gathered == group) {
      for (int32_t block = 0; block < blocks; block++) {
        int32_t first = block * BLOCK_ROWS / unit_rows;
        int32_t last = at_min(block * BLOCK_ROWS + BLOCK_ROWS, a->rows) - 1;
        uint32_t units = ((uint32_t)2 << (last / unit_rows - first)) - 1;
        if (any >> first & units) together += group;
      }
      gathered = 0;
      any = 0;
    }
  })
  return apart < together;
}
