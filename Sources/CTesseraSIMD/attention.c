// Attention on the CPU. See attention_tile.h for what a tile is.
#include "attention_stream.h"

size_t tessera_attention_local_bytes(const tessera_attention_constants *p, int32_t pass) {
  at_tile t;
  return at_layout(&t, p, pass, NULL);
}

// All rows of a tile whose place is known.
static void at_run(at_tile *t, at_place *w, int pass) {
  const tessera_attention_constants *p = t->p;
  at_intervals(t, w, pass);
  at_load_rows(t, w, pass);
  if (at_is_keys(pass)) {
    for (size_t h = 0; h < w->heads; h++) at_stream(t, w, w->head + h, pass);
  } else {
    at_stream(t, w, 0, pass);
    at_stream_all(t, w, w->batch * (size_t)p->extra_keys, 0, p->extra_keys, 0, pass);
  }
  at_store_rows(t, w, pass);
}

// Cumulative length `i`, made to fit whatever the device's memory holds.
static int32_t at_cumulative(const int32_t *lengths, int32_t i, int32_t tokens) {
  return at_max(0, at_min(lengths[i], tokens));
}

// Sequence `i` of a packed batch.
typedef struct {
  int32_t q, q_end, k, k_end;
} at_sequence;

static at_sequence at_sequence_of(const at_tile *t, int32_t i) {
  const tessera_attention_constants *p = t->p;
  at_sequence s = {
      at_cumulative(t->x->cu_q, i, p->axis[2].queries),
      at_cumulative(t->x->cu_q, i + 1, p->axis[2].queries),
      at_cumulative(t->x->cu_k, i, p->axis[2].keys),
      at_cumulative(t->x->cu_k, i + 1, p->axis[2].keys)};
  s.q_end = at_max(s.q, s.q_end);
  s.k_end = at_max(s.k, s.k_end);
  return s;
}

// The rows [row, row_end) of the token axis of a packed batch: the part of each sequence among
// them, and zeros for tokens of no sequence.
static void at_packed(
    at_tile *t, at_place *w, int32_t row, int32_t row_end, int pass) {
  const tessera_attention_constants *p = t->p;
  int keys = at_is_keys(pass);
  const int32_t *own = keys ? t->x->cu_k : t->x->cu_q;
  int32_t tokens = keys ? p->axis[2].keys : p->axis[2].queries;
  // The first sequence that ends past `row`.
  int32_t next = 0, high = p->batch;
  while (next < high) {
    int32_t middle = next + (high - next) / 2;
    if (at_cumulative(own, middle + 1, tokens) > row) high = middle;
    else next = middle + 1;
  }
  while (row < row_end) {
    // Without a sequence: the same pass with no columns.
    at_sequence s = keys ? (at_sequence){0, 0, row, row_end} : (at_sequence){row, row_end, 0, 0};
    if (next < p->batch) {
      at_sequence found = at_sequence_of(t, next);
      int32_t begin = keys ? found.k : found.q, end = keys ? found.k_end : found.q_end;
      if (begin <= row) next++;
      if (begin <= row && end <= row) continue;
      if (begin <= row) s = found;
      else *(keys ? &s.k_end : &s.q_end) = at_min(begin, row_end);
    }
    int32_t begin = keys ? s.k : s.q, last = at_min(row_end, keys ? s.k_end : s.q_end);
    w->n[2] = s.k_end - s.k;
    w->m[2] = s.q_end - s.q;
    w->first[2] = p->bottom_right ? w->n[2] - w->m[2] : 0;
    w->query_base = (size_t)s.q;
    w->key_base = (size_t)s.k;
    w->row[2] = row - begin;
    w->row_end[2] = last - begin;
    at_run(t, w, pass);
    row = last;
  }
}

// Heads, dilation groups and rows of tile `index`.
static void at_main(at_tile *t, size_t index, int pass) {
  const tessera_attention_constants *p = t->p;
  int keys = at_is_keys(pass);
  at_place w;
  int32_t place[3], group[3];
  for (int a = 2; a >= 0; a--) {
    place[a] = (int32_t)(index % (size_t)p->axis[a].tiles);
    index /= (size_t)p->axis[a].tiles;
  }
  for (int a = 2; a >= 0; a--) {
    group[a] = (int32_t)(index % (size_t)p->axis[a].dilation);
    index /= (size_t)p->axis[a].dilation;
  }
  size_t g = (size_t)(p->heads / p->kv_heads), together = keys ? g : (size_t)p->together;
  size_t parts = (g + together - 1) / together, part = index % parts;
  index /= parts;
  w.kv_head = index % (size_t)p->kv_heads;
  w.head = w.kv_head * g + part * together;
  w.heads = g - part * together < together ? g - part * together : together;
  w.batch = index / (size_t)p->kv_heads;
  w.k = t->x->k;
  w.v = t->x->v;
  w.d_k = t->x->d_k;
  w.d_v = t->x->d_v;
  w.gradient_dtype = p->dtype;
  size_t key_tokens = 1, query_tokens = 1;
  for (int a = 0; a < 3; a++) {
    at_place_axis(&w, p, a, group[a]);
    key_tokens *= (size_t)p->axis[a].keys;
    query_tokens *= (size_t)p->axis[a].queries;
    w.row[a] = place[a] * p->axis[a].tile;
    w.row_end[a] = at_min(w.row[a] + p->axis[a].tile, keys ? w.n[a] : w.m[a]);
    // Dilation groups differ in length: shorter ones may have fewer tiles.
    if (w.row[a] >= w.row_end[a]) return;
  }
  w.key_base = w.batch * key_tokens;
  w.query_base = w.batch * query_tokens;
  if (p->packed) at_packed(t, &w, w.row[2], w.row_end[2], pass);
  else at_run(t, &w, pass);
}

// Gradients of additional keys, which every query of the batch entry attends: one line of rows and
// one of columns.
static void at_extra(at_tile *t, size_t index) {
  const tessera_attention_constants *p = t->p;
  int pass = TESSERA_ATTENTION_EXTRA;
  at_place w;
  memset(&w, 0, sizeof w);
  int32_t part = (int32_t)(index % (size_t)p->parts);
  index /= (size_t)p->parts;
  int32_t tile = (int32_t)(index % (size_t)p->extra_tiles);
  index /= (size_t)p->extra_tiles;
  w.kv_head = index % (size_t)p->kv_heads;
  w.batch = index / (size_t)p->kv_heads;
  w.heads = (size_t)(p->heads / p->kv_heads);
  w.head = w.kv_head * w.heads;
  for (int a = 0; a < 3; a++) w.row_end[a] = 1;
  w.row[2] = tile * p->extra_tile;
  w.row_end[2] = at_min(w.row[2] + p->extra_tile, p->extra_keys);
  size_t queries = 1;
  for (int a = 0; a < 3; a++) queries *= (size_t)p->axis[a].queries;
  w.key_base = w.batch * (size_t)p->extra_keys;
  w.query_base = w.batch * queries;
  w.k = t->x->extra_k;
  w.v = t->x->extra_v;
  w.gradient_dtype = p->parts > 1 ? 0 : p->dtype;
  size_t vectors = (size_t)p->batch * (size_t)p->extra_keys * (size_t)p->kv_heads * (size_t)part;
  w.d_k = (float *)t->x->d_k + (p->parts > 1 ? vectors * t->d : 0);
  w.d_v = (float *)t->x->d_v + (p->parts > 1 ? vectors * t->dv : 0);
  // Intervals of the rows are given with the columns.
  for (int a = 0; a < 3; a++) {
    size_t bytes = (size_t)t->extent[a] * sizeof(int32_t);
    memset(t->low[a], 0, bytes);
    memset(t->high[a], 0, bytes);
    memset(t->place[a], 0, bytes);
  }
  at_load_rows(t, &w, pass);
  int32_t begin = part * p->part, end = at_min(begin + p->part, (int32_t)queries);
  for (size_t h = 0; h < w.heads; h++)
    at_stream_all(t, &w, w.query_base, begin, end, w.head + h, pass);
  at_store_rows(t, &w, pass);
}

void tessera_attention_tile(
    const tessera_attention_constants *p, const tessera_attention_operands *x, int32_t pass,
    size_t index, void *local) {
  at_tile t;
  t.x = x;
  at_layout(&t, p, pass, local);
  if (pass == TESSERA_ATTENTION_EXTRA) at_extra(&t, index);
  else at_main(&t, index, pass);
}
