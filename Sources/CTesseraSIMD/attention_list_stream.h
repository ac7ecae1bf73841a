#pragma once
// The main loop of a tile of attention over lists: its rows run over the columns of its set.
#include "attention_list.h"
#include <limits.h>

// What row `x` of the tile is.
typedef struct {
  size_t vector;
  int32_t position;
  uint32_t member;
} al_row;

static al_row al_row_of(const al_tile *a, int keys, int32_t x) {
  const tessera_attention_constants *p = &a->p->tile;
  int32_t line = a->row + x, unit = a->units > 1 ? line / al_unit_rows(a, keys) : 0;
  al_row r = {0, 0, (uint32_t)1 << unit};
  if (keys) {
    r.position = a->unit * a->p->key_block + line;
    r.vector = (a->key_base + (size_t)r.position) * (size_t)p->kv_heads + a->kv_head;
  } else {
    int32_t q = a->unit * a->p->query_block + line / (int32_t)a->heads;
    r.position = a->first + q;
    r.vector = (a->query_base + (size_t)q) * (size_t)p->heads + a->head
        + (size_t)line % a->heads;
  }
  return r;
}

static at_own al_own(const al_tile *a, int keys, int32_t x) {
  return (at_own){
      al_row_of(a, keys, x).vector, (size_t)x / BLOCK_ROWS, (size_t)x % BLOCK_ROWS, (size_t)x};
}

static void al_load(al_tile *a, int pass) {
  at_clear_rows(&a->t, pass);
  for (int32_t x = 0; x < a->rows; x++) {
    at_own own = al_own(a, at_is_keys(pass), x);
    at_load_row(&a->t, &a->place, pass, own);
    // The sink is a key without a value, met before all others.
    if (pass == TESSERA_ATTENTION_FORWARD && a->p->sinks && a->split == 0) {
      a->t.m[x] = a->x->sinks[own.vector % (size_t)a->p->tile.heads];
      a->t.l[x] = a->t.m[x] > -__builtin_inff();
    }
  }
}

static void al_store(al_tile *a, int pass) {
  for (int32_t x = 0; x < a->rows; x++) {
    at_own own = al_own(a, at_is_keys(pass), x);
    own.vector += a->vector_base;
    at_store_row(&a->t, &a->place, pass, own);
  }
}

// What row `x` attends of columns.
static at_row al_limits(const al_tile *a, int32_t x, int pass) {
  const tessera_list_constants *p = a->p;
  int keys = at_is_keys(pass);
  at_row r;
  memset(&r, 0, sizeof r);
  r.row = x < a->rows ? x : -1;
  if (r.row < 0) return r;
  al_row own = al_row_of(a, keys, x);
  r.member = (int32_t)own.member;
  r.full = 2;
  r.begin = keys && p->causal ? own.position : INT_MIN;
  r.end = !keys && p->causal ? own.position + 1 : INT_MAX;
  if (p->window) {
    r.near = own.position - (keys ? p->right : p->left);
    r.near_end = own.position + (keys ? p->left : p->right) + 1;
  }
  if (pass == TESSERA_ATTENTION_QUERIES) {
    r.base = a->t.base[x];
    r.delta = a->t.delta[x];
  }
  return r;
}

// Runs every register block of the tile over the `count` columns of the gathered chunk; positions of
// columns ascend.
static void al_visit(const al_tile *a, int32_t count, int finite, int pass) {
  const at_tile *t = &a->t;
  int32_t *masks = t->line[0];
  for (int32_t v = 0; v < count; v += LANES) {
    int32_t mask = 0;
    for (int32_t x = v; x < at_min(v + LANES, count); x++) mask |= t->live[x];
    masks[v / LANES] = mask;
  }
  for (int32_t block = 0; block * BLOCK_ROWS < a->rows; block++) {
    at_row rows[BLOCK_ROWS];
    int32_t low = INT_MAX, high = INT_MIN, near = INT_MAX, near_end = INT_MIN, members = 0;
    for (int32_t i = 0; i < BLOCK_ROWS; i++) {
      rows[i] = al_limits(a, block * BLOCK_ROWS + i, pass);
      if (rows[i].row < 0) continue;
      low = at_min(low, rows[i].begin);
      high = at_max(high, rows[i].end);
      near = at_min(near, rows[i].near);
      near_end = at_max(near_end, rows[i].near_end);
      members |= rows[i].member;
    }
    int32_t vectors = 0;
    for (int32_t v = 0; v < count; v += LANES) {
      int32_t used = at_min(LANES, count - v);
      int32_t first = t->position[v], last = t->position[v + used - 1];
      if (last < low || first >= high) continue;
      if (!(masks[v / LANES] & members) && (last < near || first >= near_end)) continue;
      t->start[vectors] = v;
      t->used[vectors++] = used;
    }
    if (vectors > 0) at_block(t, (size_t)block, vectors, rows, finite, pass);
  }
}

static void al_flush(const al_tile *a, int32_t count, int pass) {
  const at_tile *t = &a->t;
  const tessera_attention_constants *p = t->p;
  if (count == 0) return;
  int finite;
  if (at_is_keys(pass)) {
    for (int32_t i = 0; i < count; i++) {
      t->col_base[i] = at_exponent_base(t->x->lse[t->vector[i]]);
      t->col_delta[i] = t->x->delta[t->vector[i]];
    }
    finite = tessera_at_gather(
        t, t->x->q, p->dtype, t->d, t->pad_d, count, t->col_at, t->col_a);
    finite &= tessera_at_gather(
        t, t->x->d_o, p->output_dtype, t->dv, t->pad_v, count, t->col_bt, t->col_b);
  } else {
    int forward = pass == TESSERA_ATTENTION_FORWARD;
    if (a->p->page_size > 0) {
      finite = tessera_at_gather_codes(
          t, t->x->k, a->x->k_parameters, &a->p->k_codes, t->d, t->pad_d, count, t->col_at, NULL);
      finite &= tessera_at_gather_codes(
          t, t->x->v, a->x->v_parameters, &a->p->v_codes, t->dv, t->pad_v, count, NULL, t->col_b);
      al_visit(a, count, finite, pass);
      return;
    }
    finite = tessera_at_gather(
        t, t->x->k, p->dtype, t->d, t->pad_d, count, t->col_at, forward ? NULL : t->col_a);
    finite &= tessera_at_gather(
        t, t->x->v, p->dtype, t->dv, t->pad_v, count, forward ? NULL : t->col_bt,
        forward ? t->col_b : NULL);
  }
  al_visit(a, count, finite, pass);
}

// The vector of K and V of key `j`; -1 if no page has it.
static int64_t al_key_vector(const al_tile *a, int32_t j) {
  const tessera_list_constants *p = a->p;
  size_t token = a->key_base + (size_t)j;
  if (p->page_size > 0) {
    int32_t page = a->x->block_table[a->batch * (size_t)p->max_pages + (size_t)(j / p->page_size)];
    if (page < 0 || page >= p->pages) return -1;
    token = (size_t)page * (size_t)p->page_size + (size_t)(j % p->page_size);
  }
  return (int64_t)(token * (size_t)p->tile.kv_heads + a->kv_head);
}

// Streams the columns of the set's items.
static void al_stream(const al_tile *a, int pass) {
  const at_tile *t = &a->t;
  const tessera_list_constants *p = a->p;
  int keys = at_is_keys(pass);
  int32_t size = keys ? p->query_block : p->key_block, count = 0;
  int32_t begin = 0, end = keys ? a->m : a->n;
  // Causal: nothing after the last query, or before the first key.
  if (p->causal && !keys)
    end = at_min(end, at_max(0, al_row_of(a, 0, a->rows - 1).position + 1));
  if (p->causal && keys) begin = at_max(0, al_row_of(a, 1, 0).position - a->first);
  int64_t rank = 0;
  AL_EACH_ITEM(a, item, {
    int32_t from = at_max(begin, item * size);
    int32_t to = (int32_t)(item * (int64_t)size + size < end ? item * (int64_t)size + size : end);
    int32_t mask = a->masks ? (int32_t)a->masks[item] : 1;
    for (int32_t i = from; i < to; i++) {
      if (p->page_size > 0) {
        rank++;
        if (rank <= a->rank || rank > a->rank_end) continue;
      }
      for (size_t h = 0; h < (keys ? a->heads : 1); h++) {
        int64_t vector = keys
            ? (int64_t)((a->query_base + (size_t)i) * (size_t)p->tile.heads + a->head + h)
            : al_key_vector(a, i);
        if (vector < 0) continue;
        t->vector[count] = (size_t)vector;
        t->position[count] = keys ? a->first + i : i;
        t->live[count++] = mask;
        if (count < p->tile.chunk) continue;
        al_flush(a, count, pass);
        count = 0;
      }
    }
  })
  al_flush(a, count, pass);
}
