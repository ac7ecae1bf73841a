// Lists of key blocks by rule, from masks and from other lists on the CPU.
#include "tessera_patterns.h"
#include "../../Shaders/Sparse/pattern_rule.h"
#include <string.h>

static size_t words_of(int32_t blocks) { return ((size_t)blocks + 63) / 64; }
static int32_t blocks_of(int32_t tokens, int32_t block) {
  return (int32_t)(((int64_t)tokens + block - 1) / block);
}
static void set(uint64_t *bitmap, int32_t block) {
  bitmap[block / 64] |= (uint64_t)1 << (block % 64);
}

// The blocks of a bitmap as a row of a list, ascending; clears the bitmap.
static void finish(uint64_t *bitmap, size_t words, int32_t width, int32_t *row, int32_t *count) {
  int32_t listed = 0;
  for (size_t word = 0; word < words; word++) {
    for (uint64_t bits = bitmap[word]; bits && listed < width; bits &= bits - 1)
      row[listed++] = (int32_t)word * 64 + __builtin_ctzll(bits);
    bitmap[word] = 0;
  }
  *count = listed;
  for (; listed < width; listed++) row[listed] = -1;
}

typedef struct {
  int32_t at, t0, t1, low, high;
} pattern_row;

static pattern_row row_of(const tessera_pattern_constants *p, const int32_t *table, size_t id) {
  size_t rows = (size_t)p->rows;
  int32_t first = (int32_t)(id % rows) * p->query_block;
  int32_t many = p->queries - first < p->query_block ? p->queries - first : p->query_block;
  int32_t at = (int32_t)(id / rows % (size_t)p->heads) * PATTERN_WORDS;
  int32_t t0 = first + p->offset, t1 = t0 + many - 1;
  return (pattern_row){
      at, t0, t1, pattern_low(table, at, t0, t1), pattern_high(table, at, t0, t1)};
}

static bool meets(
    const tessera_pattern_constants *p, const int32_t *table, pattern_row row, int32_t block) {
  int32_t k0 = block * p->key_block;
  int32_t many = p->keys - k0 < p->key_block ? p->keys - k0 : p->key_block;
  return pattern_meets(table, row.at, row.t0, row.t1, k0, k0 + many, row.low, row.high);
}

void tessera_pattern_rows(
    const tessera_pattern_constants *p, const int32_t *table, const int32_t *columns,
    const int32_t *slashes, int32_t *indices, int32_t *counts, uint64_t *bitmap, size_t first,
    size_t last) {
  int32_t blocks = blocks_of(p->keys, p->key_block);
  memset(bitmap, 0, 8 * words_of(blocks));
  for (size_t id = first; id < last; id++) {
    pattern_row row = row_of(p, table, id);
    for (int32_t b = 0; b < blocks; b++)
      if (meets(p, table, row, b)) set(bitmap, b);
    const int32_t *words = table + row.at;
    int32_t from = words[2] > 0 && row.t0 < words[2] ? words[2] : row.t0;
    if (words[0] == PATTERN_LINES && row.t1 >= from) {
      size_t head = id / (size_t)p->rows % (size_t)p->heads;
      int32_t end = words[1] && row.t1 < p->keys ? row.t1 + 1 : p->keys;
      for (int32_t i = 0; i < p->columns; i++) {
        int32_t column = columns[head * (size_t)p->columns + (size_t)i];
        if (column >= 0 && column < end) set(bitmap, column / p->key_block);
      }
      for (int32_t i = 0; i < p->slashes; i++) {
        int32_t distance = slashes[head * (size_t)p->slashes + (size_t)i];
        if (distance < 0 || distance > row.t1) continue;
        int32_t low = from > distance ? from - distance : 0, high = row.t1 - distance;
        if (high > p->keys - 1) high = p->keys - 1;
        if (low > high) continue;
        for (int32_t b = low / p->key_block; b <= high / p->key_block; b++) set(bitmap, b);
      }
    }
    finish(bitmap, words_of(blocks), p->width, indices + id * (size_t)p->width, counts + id);
  }
}

int32_t tessera_pattern_width(const tessera_pattern_constants *p, const int32_t *table) {
  int32_t blocks = blocks_of(p->keys, p->key_block), most = 0;
  for (size_t id = 0; id < (size_t)p->heads * (size_t)p->rows; id++) {
    pattern_row row = row_of(p, table, id);
    int32_t many = 0;
    for (int32_t b = 0; b < blocks; b++) many += meets(p, table, row, b);
    if (many > most) most = many;
  }
  return most;
}

// Sets the entries of a row of a list that are blocks.
static void set_row(
    uint64_t *bitmap, const int32_t *row, int32_t width, const int32_t *count, int32_t blocks) {
  int32_t many = !count || *count > width ? width : *count;
  for (int32_t i = 0; i < many; i++)
    if (row[i] >= 0 && row[i] < blocks) set(bitmap, row[i]);
}

void tessera_list_combine(
    const tessera_combine_constants *p, const int32_t *first_list, const int32_t *first_counts,
    const int32_t *second_list, const int32_t *second_counts, int32_t *indices, int32_t *counts,
    uint64_t *bitmap, uint64_t *other, size_t first, size_t last) {
  size_t words = words_of(p->blocks);
  memset(bitmap, 0, 8 * words);
  for (size_t id = first; id < last; id++) {
    set_row(
        bitmap, first_list + id * (size_t)p->first_width, p->first_width,
        p->flags & tessera_combine_flag_first_counts ? first_counts + id : NULL, p->blocks);
    memset(other, 0, 8 * words);
    set_row(
        other, second_list + id * (size_t)p->second_width, p->second_width,
        p->flags & tessera_combine_flag_second_counts ? second_counts + id : NULL, p->blocks);
    for (size_t word = 0; word < words; word++)
      bitmap[word] = p->flags & tessera_combine_flag_intersection ? bitmap[word] & other[word]
                                                                  : bitmap[word] | other[word];
    finish(bitmap, words, p->width, indices + id * (size_t)p->width, counts + id);
  }
}

static bool any_of(const uint8_t *bytes, int32_t count) {
  uint8_t sum = 0;
  for (int32_t i = 0; i < count; i++) sum |= bytes[i];
  return sum != 0;
}

void tessera_list_mask(
    const tessera_mask_constants *p, const uint8_t *mask, int32_t *indices, int32_t *counts,
    size_t first, size_t last) {
  int32_t blocks = blocks_of(p->keys, p->key_block);
  for (size_t id = first; id < last; id++) {
    size_t list = id / (size_t)p->rows;
    int32_t q0 = (int32_t)(id % (size_t)p->rows) * p->query_block;
    int32_t q1 = p->queries - q0 < p->query_block ? p->queries : q0 + p->query_block;
    int32_t *row = indices + id * (size_t)p->width, listed = 0;
    for (int32_t b = 0; b < blocks; b++) {
      int32_t k0 = b * p->key_block;
      int32_t many = p->keys - k0 < p->key_block ? p->keys - k0 : p->key_block;
      bool any = false;
      for (int32_t q = q0; q < q1 && !any; q++)
        any = any_of(
            mask + p->first + (list * (size_t)p->queries + (size_t)q) * (size_t)p->keys + k0, many);
      if (any && listed < p->width) row[listed++] = b;
    }
    counts[id] = listed;
    for (; listed < p->width; listed++) row[listed] = -1;
  }
}
