// Attention over lists on the CPU. See attention_list.h for what a tile is.
#include "attention_list_stream.h"

static int al_has_masks(const tessera_list_constants *p) { return p->units > 1 || p->window; }

// Bytes of the set of items: the bits, and with the masks.
static size_t al_bit_bytes(const tessera_list_constants *p, int keys) {
  int32_t tokens = keys ? p->tile.axis[2].queries : p->tile.axis[2].keys;
  return at_round((size_t)al_ceil(tokens, keys ? p->query_block : p->key_block) / 8 + 8, 64);
}
static size_t al_set_bytes(const tessera_list_constants *p, int keys) {
  return al_bit_bytes(p, keys) * (al_has_masks(p) ? 33 : 1);
}

size_t tessera_list_local_bytes(const tessera_list_constants *p, int32_t pass) {
  at_tile t;
  return at_layout(&t, &p->tile, pass, NULL) + al_set_bytes(p, at_is_keys(pass));
}

// Query heads that share a list and a KV head, and lists of the query heads of a KV head.
static size_t al_heads(const tessera_list_constants *p) {
  return p->list_heads == p->tile.heads ? 1 : (size_t)(p->tile.heads / p->tile.kv_heads);
}
static size_t al_lists(const tessera_list_constants *p) {
  return (size_t)(p->tile.heads / p->tile.kv_heads) / al_heads(p);
}

// The list of query heads [head, head + heads) of the tile's sequence.
static void al_choose_list(al_tile *a, size_t head) {
  const tessera_list_constants *p = a->p;
  a->head = head;
  a->list = (p->tile.packed ? 0 : a->batch * (size_t)p->list_heads)
      + head * (size_t)p->list_heads / (size_t)p->tile.heads;
}

// The columns, by rank, of split `split`: as many as the others have.
static void al_split(al_tile *a) {
  const tessera_list_constants *p = a->p;
  int64_t columns = 0;
  AL_EACH_ITEM(a, item, {
    int64_t from = (int64_t)item * p->key_block;
    columns += from + p->key_block < a->n ? p->key_block : a->n - from;
  })
  a->rank = columns * a->split / p->splits;
  a->rank_end = columns * (a->split + 1) / p->splits;
}

// Rows whose units are known.
static void al_run(al_tile *a, int pass) {
  int keys = at_is_keys(pass);
  if (a->rows <= 0) return;
  al_load(a, pass);
  if (keys) {
    size_t first = a->kv_head * al_heads(a->p) * al_lists(a->p);
    for (size_t list = 0; list < al_lists(a->p); list++) {
      al_choose_list(a, first + list * a->heads);
      al_set(a, keys);
      al_stream(a, pass);
    }
  } else {
    al_set(a, keys);
    if (a->p->page_size > 0) al_split(a);
    al_stream(a, pass);
  }
  al_store(a, pass);
}

// Units [unit, unit_end) of the sequence; of a single one, part `part`.
static void al_units(al_tile *a, int32_t unit, int32_t unit_end, int32_t part, int pass) {
  const tessera_list_constants *p = a->p;
  int keys = at_is_keys(pass);
  a->unit = unit;
  a->units = unit_end - unit;
  a->row = 0;
  a->rows = al_rows(a, keys, unit, a->units);
  if (p->parts > 1) {
    a->row = part * p->tile.axis[2].tile;
    a->rows = at_min(a->rows - a->row, p->tile.axis[2].tile);
  } else if (a->units > 1) {
    al_choose_list(a, keys ? a->kv_head * al_heads(p) * al_lists(p) : a->head);
    al_set(a, keys);
    if (al_apart(a, keys)) {
      for (int32_t u = unit; u < unit_end; u++) {
        a->unit = u;
        a->units = 1;
        a->rows = al_rows(a, keys, u, 1);
        al_run(a, pass);
      }
      return;
    }
  }
  al_run(a, pass);
}

static int32_t al_cumulative(const int32_t *lengths, int32_t i, int32_t tokens) {
  return at_max(0, at_min(lengths[i], tokens));
}

// Units [unit, unit_end) of all sequences of a packed batch.
static void al_packed(al_tile *a, int32_t unit, int32_t unit_end, int32_t part, int pass) {
  const tessera_list_constants *p = a->p;
  const tessera_attention_axis *axis = &p->tile.axis[2];
  int keys = at_is_keys(pass);
  a->list_row = a->first_block = 0;
  for (int32_t s = 0; s < p->tile.batch; s++) {
    int32_t q = al_cumulative(a->t.x->cu_q, s, axis->queries);
    int32_t k = al_cumulative(a->t.x->cu_k, s, axis->keys);
    a->m = at_max(0, al_cumulative(a->t.x->cu_q, s + 1, axis->queries) - q);
    a->n = at_max(0, al_cumulative(a->t.x->cu_k, s + 1, axis->keys) - k);
    a->first = p->tile.bottom_right ? a->n - a->m : 0;
    a->query_base = (size_t)q;
    a->key_base = (size_t)k;
    int32_t before = keys ? a->first_block : a->list_row;
    int32_t rows = al_ceil(a->m, p->query_block), blocks = al_ceil(a->n, p->key_block);
    int32_t from = at_max(unit - before, 0), to = at_min(unit_end - before, keys ? blocks : rows);
    if (from < to) al_units(a, from, to, part, pass);
    if (before >= unit_end) return;
    a->list_row += rows;
    a->first_block += blocks;
  }
}

// Zeros for tokens [begin, end), which belong to no sequence.
static void al_zero(const al_tile *a, int32_t begin, int32_t end, int pass) {
  const tessera_attention_constants *p = &a->p->tile;
  if (begin >= end) return;
  size_t heads = (size_t)(at_is_keys(pass) ? p->kv_heads : p->heads);
  size_t first = (size_t)begin * heads, count = (size_t)(end - begin) * heads;
  size_t width = p->dtype == 0 ? 4 : 2, o_width = p->output_dtype == 0 ? 4 : 2;
  const tessera_attention_operands *x = a->t.x;
  if (pass == TESSERA_ATTENTION_FORWARD) {
    memset((char *)x->o + first * a->t.dv * o_width, 0, count * a->t.dv * o_width);
    for (size_t i = first; i < first + count; i++)
      x->lse[i] = a->p->sinks ? a->x->sinks[i % heads] : -__builtin_inff();
  } else if (pass == TESSERA_ATTENTION_QUERIES) {
    memset((char *)x->d_q + first * a->t.d * width, 0, count * a->t.d * width);
    memset(x->delta + first, 0, count * sizeof(float));
  } else {
    memset((char *)x->d_k + first * a->t.d * width, 0, count * a->t.d * width);
    memset((char *)x->d_v + first * a->t.dv * width, 0, count * a->t.dv * width);
  }
}

static void al_rest(const al_tile *a, int pass) {
  const tessera_attention_axis *axis = &a->p->tile.axis[2];
  int keys = at_is_keys(pass);
  const int32_t *own = keys ? a->t.x->cu_k : a->t.x->cu_q;
  int32_t tokens = keys ? axis->keys : axis->queries, end = 0;
  for (int32_t s = 0; s < a->p->tile.batch; s++) {
    int32_t begin = al_cumulative(own, s, tokens);
    al_zero(a, end, begin, pass);
    end = at_max(end, at_max(begin, al_cumulative(own, s + 1, tokens)));
  }
  al_zero(a, end, tokens, pass);
}

void tessera_list_tile(
    const tessera_list_constants *p, const tessera_list_operands *x, int32_t pass, size_t index,
    void *local) {
  al_tile a;
  memset(&a, 0, sizeof a);
  int keys = at_is_keys(pass);
  size_t layout = at_layout(&a.t, &p->tile, pass, local);
  a.t.x = &x->tile;
  a.p = p;
  a.x = x;
  a.bits = (uint64_t *)((char *)local + layout);
  if (al_has_masks(p)) a.masks = (uint32_t *)((char *)a.bits + al_bit_bytes(p, keys));
  a.place.k = x->tile.k;
  a.place.v = x->tile.v;
  a.place.d_k = x->tile.d_k;
  a.place.d_v = x->tile.d_v;
  a.place.gradient_dtype = p->tile.dtype;
  if (p->page_size > 0) {
    a.split = (int)(index % (size_t)p->splits);
    index /= (size_t)p->splits;
  }
  int32_t tile = (int32_t)(index % (size_t)p->tiles);
  index /= (size_t)p->tiles;
  a.heads = al_heads(p);
  size_t lists = keys ? 1 : al_lists(p), list = index % lists;
  index /= lists;
  a.kv_head = index % (size_t)p->tile.kv_heads;
  a.batch = index / (size_t)p->tile.kv_heads;
  int32_t unit = tile / p->parts * p->units, part = tile % p->parts;
  if (p->tile.packed && a.batch > 0) {
    al_rest(&a, pass);
    return;
  }
  al_choose_list(&a, (a.kv_head * al_lists(p) + list) * a.heads);
  if (p->tile.packed) {
    al_packed(&a, unit, unit + p->units, part, pass);
    return;
  }
  a.n = p->tile.axis[2].keys;
  a.m = p->tile.axis[2].queries;
  if (p->page_size > 0) {
    a.n = at_max(0, at_min(x->lengths[a.batch], a.n));
    a.vector_base = (size_t)a.split * (size_t)p->tile.batch * (size_t)a.m * (size_t)p->tile.heads;
  } else {
    a.key_base = a.batch * (size_t)a.n;
  }
  a.first = p->tile.bottom_right ? a.n - a.m : 0;
  a.query_base = a.batch * (size_t)a.m;
  int32_t units = keys ? al_ceil(a.n, p->key_block) : al_ceil(a.m, p->query_block);
  al_units(&a, unit, at_min(unit + p->units, units), part, pass);
}
