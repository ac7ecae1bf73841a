// Selection of blocks on the CPU: radix on order-preserving keys, eight bits at a time, which are made
// anew for every digit.
#include "clones.h"
#include "elements.h"
#include "include/tessera_select.h"
#include <math.h>

enum { RUN = 256 };
static const uint32_t FORCED = UINT32_MAX;

// Grows with the score; 0 for NaN and -inf.
INLINE uint32_t select_key(float score) {
  uint32_t bits;
  memcpy(&bits, &score, 4);
  uint32_t key = bits == 0x80000000u || !(bits >> 31) ? bits | 0x80000000u : ~bits;
  return (bits & 0x7fffffffu) > 0x7f800000u || bits == 0xff800000u ? 0 : key;
}

INLINE float key_score(uint32_t key) {
  uint32_t bits = key & 0x80000000u ? key & 0x7fffffffu : ~key;
  float score;
  memcpy(&score, &bits, 4);
  return score;
}

INLINE float select_mass(uint32_t key) { return key > 0x80000000u ? key_score(key) : 0; }

// What a row may have and must have: blocks [0, end), of these the first `initial` and [recent, own].
typedef struct {
  const void *scores;
  int32_t type, end, initial, recent, own;
  size_t from;
  uint32_t least;
} select_row;

INLINE int is_forced(const select_row *r, int32_t b) {
  return b < r->initial || (b >= r->recent && b <= r->own);
}

// Keys of up to RUN blocks from `start` on; their number.
INLINE int32_t load_keys(const select_row *r, int32_t start, uint32_t keys[RUN]) {
  float room[RUN];
  int32_t count = r->end - start < RUN ? r->end - start : RUN;
  const float *x =
      elements_load(r->scores, r->type, r->from + (size_t)start, (size_t)count, room);
  for (int32_t i = 0; i < count; i++) {
    uint32_t key = select_key(x[i]);
    keys[i] = key < r->least ? 0 : key;
  }
  for (int32_t i = 0; i < count && start + i < r->initial; i++) keys[i] = FORCED;
  for (int32_t b = r->recent > start ? r->recent : start; b <= r->own && b < start + count; b++)
    keys[b - start] = FORCED;
  return count;
}

// Sets the edge: keys above it are chosen, and the first so many on it.
INLINE uint32_t find_edge(
    const select_row *r, int32_t need, double wanted, int by_sum, int32_t *ties) {
  uint32_t keys[RUN], edge = 0;
  *ties = INT32_MAX;
  for (int shift = 24; shift >= 0; shift -= 8) {
    int32_t counts[256] = {0};
    double masses[256] = {0};
    for (int32_t start = 0; start < r->end; start += RUN) {
      int32_t count = load_keys(r, start, keys);
      for (int32_t i = 0; i < count; i++) {
        uint32_t key = keys[i];
        if (key == 0 || key == FORCED) continue;
        if (shift < 24 && key >> (shift + 8) != edge >> (shift + 8)) continue;
        counts[key >> shift & 255]++;
        if (by_sum) masses[key >> shift & 255] += (double)select_mass(key);
      }
    }
    int32_t digit = 255;
    for (; digit >= 0; digit--) {
      if (counts[digit] >= need || (by_sum && masses[digit] >= wanted)) break;
      need -= counts[digit];
      wanted -= masses[digit];
    }
    // All that share the digits so far are wanted: there are no more, or sums were rounded.
    if (digit < 0) return edge;
    edge |= (uint32_t)digit << shift;
    if (!by_sum && counts[digit] == need) return edge;
  }
  *ties = need;
  double score = select_mass(edge);
  if (by_sum && score > 0) {
    double enough = ceil(wanted / score);
    if (enough < need) *ties = enough > 1 ? (int32_t)enough : 1;
  }
  return edge;
}

TESSERA_CLONES
void tessera_select_blocks(
    const tessera_select_constants *p, int32_t scores_type, int32_t rule, const void *scores,
    int32_t *indices, int32_t *counts, size_t first, size_t last) {
  uint32_t keys[RUN];
  for (size_t index = first; index < last; index++) {
    int32_t row = p->first_row + (int32_t)(index % (size_t)p->rows_here);
    size_t to = ((size_t)p->first_list + index / (size_t)p->rows_here) * (size_t)p->rows + (size_t)row;
    int32_t after = (row + 1) * p->query_block;
    int32_t position = (after < p->queries ? after : p->queries) - 1 + p->shift;
    int32_t own = position < 0 ? -1 : position / p->key_block;
    if (own > p->blocks - 1) own = p->blocks - 1;
    select_row r = {
        .scores = scores, .type = scores_type, .end = p->causal ? own + 1 : p->blocks, .own = own,
        .from = index * (size_t)p->blocks};
    r.initial = p->initial < r.end ? p->initial : r.end;
    r.recent = own + 1 - p->recent > r.initial ? own + 1 - p->recent : r.initial;
    int32_t forced = r.initial + (own + 1 > r.recent ? own + 1 - r.recent : 0);

    // The threshold, and what the chosen blocks are to sum to.
    r.least = rule == 1 ? 1 : select_key(p->limit);
    double wanted = 0;
    if (rule != 0) {
      double all = 0, must = 0;
      uint32_t top = 0;
      float room[RUN];
      for (int32_t start = 0; start < r.end; start += RUN) {
        int32_t count = r.end - start < RUN ? r.end - start : RUN;
        const float *x =
            elements_load(scores, scores_type, r.from + (size_t)start, (size_t)count, room);
        for (int32_t i = 0; i < count; i++) {
          uint32_t key = select_key(x[i]);
          double mass = select_mass(key);
          top = key > top ? key : top;
          all += mass;
          if (is_forced(&r, start + i)) must += mass;
        }
      }
      wanted = (double)p->limit * all - must;
      if (rule == 2) r.least = top ? select_key(p->limit * key_score(top)) : 0;
    }
    if (r.least == 0) r.least = 1;

    int32_t need = p->most - forced, ties = 0, written = 0;
    uint32_t edge = FORCED;
    if (need > 0 && (rule != 1 || wanted > 0)) edge = find_edge(&r, need, wanted, rule == 1, &ties);
    for (int32_t start = 0; start < r.end; start += RUN) {
      int32_t count = load_keys(&r, start, keys);
      for (int32_t i = 0; i < count; i++) {
        uint32_t key = keys[i];
        int chosen = key == FORCED || key > edge;
        if (!chosen && key == edge && key != 0 && ties > 0) {
          chosen = 1;
          ties--;
        }
        if (chosen && written < p->width)
          indices[to * (size_t)p->width + (size_t)written++] = start + i;
      }
    }
    counts[to] = written;
    for (int32_t i = written; i < p->width; i++) indices[to * (size_t)p->width + (size_t)i] = -1;
  }
}
