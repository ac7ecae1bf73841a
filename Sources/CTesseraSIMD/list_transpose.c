// Lists seen from the keys, and what is left of the gradients, on the CPU.
#include "attention_list.h"
#include <math.h>

// The rows of a sequence, in the lists' order, and of each the entries that name a block for the
// first time: what a counting sort does in both of its passes.
typedef struct {
  const tessera_list_constants *p;
  const tessera_list_operands *x;
  size_t list;
  int32_t *offsets, *marks, *rows;
} al_sort;

static void al_sort_rows(
    const al_sort *s, int32_t n, int32_t m, int32_t list_row, int32_t first_block, int fill) {
  const tessera_list_constants *p = s->p;
  int32_t blocks = al_ceil(n, p->key_block), rows = al_ceil(m, p->query_block);
  int32_t first = p->tile.bottom_right ? n - m : 0;
  for (int32_t r = 0; r < rows && list_row + r < p->list_rows; r++) {
    size_t row = s->list * (size_t)p->list_rows + (size_t)(list_row + r);
    const int32_t *entries = s->x->indices + row * (size_t)p->list_width;
    int32_t count = p->list_width;
    if (p->counts) count = at_max(0, at_min(s->x->counts[row], count));
    int64_t last = (r + (int64_t)1) * p->query_block;
    last = first + (last < m ? last : m) - 1;
    for (int32_t i = 0; i < count; i++) {
      int32_t b = entries[i];
      if (b < 0 || b >= blocks) continue;
      if (p->causal && (int64_t)b * p->key_block > last) continue;
      int32_t block = first_block + b;
      if (block >= p->key_blocks || s->marks[block] == list_row + r + 1) continue;
      s->marks[block] = list_row + r + 1;
      if (fill) s->rows[s->offsets[block]++] = list_row + r;
      else s->offsets[block + 1]++;
    }
  }
}

static void al_sort_all(const al_sort *s, int fill) {
  const tessera_list_constants *p = s->p;
  const tessera_attention_axis *axis = &p->tile.axis[2];
  memset(s->marks, 0, (size_t)p->key_blocks * sizeof(int32_t));
  if (!p->tile.packed) {
    al_sort_rows(s, axis->keys, axis->queries, 0, 0, fill);
    return;
  }
  const int32_t *cu_q = s->x->tile.cu_q, *cu_k = s->x->tile.cu_k;
  int32_t list_row = 0, first_block = 0;
  for (int32_t i = 0; i < p->tile.batch; i++) {
    int32_t q = at_max(0, at_min(cu_q[i], axis->queries));
    int32_t k = at_max(0, at_min(cu_k[i], axis->keys));
    int32_t m = at_max(0, at_max(0, at_min(cu_q[i + 1], axis->queries)) - q);
    int32_t n = at_max(0, at_max(0, at_min(cu_k[i + 1], axis->keys)) - k);
    al_sort_rows(s, n, m, list_row, first_block, fill);
    list_row += al_ceil(m, p->query_block);
    first_block += al_ceil(n, p->key_block);
  }
}

void tessera_list_transpose(
    const tessera_list_constants *p, const tessera_list_operands *x, size_t index) {
  size_t blocks = (size_t)p->key_blocks;
  al_sort s = {
      p, x, index, x->offsets + index * (blocks + 1), x->marks + index * blocks,
      x->rows + index * (size_t)p->list_rows * (size_t)p->list_width};
  memset(s.offsets, 0, (blocks + 1) * sizeof(int32_t));
  al_sort_all(&s, 0);
  for (size_t b = 0; b < blocks; b++) s.offsets[b + 1] += s.offsets[b];
  // Each block's offset moves to its end, which is where the next one starts.
  al_sort_all(&s, 1);
  memmove(s.offsets + 1, s.offsets, blocks * sizeof(int32_t));
  s.offsets[0] = 0;
}

void tessera_list_sink_gradient(
    const tessera_list_constants *p, const float *sinks, const float *lse, const float *delta,
    float *d_sinks, size_t index) {
  size_t heads = (size_t)p->tile.heads;
  size_t tokens = (size_t)p->tile.axis[2].queries * (size_t)(p->tile.packed ? 1 : p->tile.batch);
  double sum = 0;
  for (size_t i = index; i < tokens * heads; i += heads)
    if (lse[i] > -__builtin_inff()) sum -= exp((double)sinks[index] - lse[i]) * delta[i];
  d_sinks[index] = (float)sum;
}
