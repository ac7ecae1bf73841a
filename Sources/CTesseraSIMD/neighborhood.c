// Neighborhood attention on the CPU.
//
// A tile is a box of queries of one (batch entry, KV head, dilation group). Its keys are the bounding
// box of the queries' windows, which is contiguous in group coordinates; the box is gathered a chunk
// at a time into f32 copies that stay in cache (keys transposed, so that a vector holds 8 keys), and
// every block of BLOCK_Q queries along the last axis runs over the chunk:
//
//   rows of the box      . . . . . . . .        only the rows inside the block's window on the
//   the block's window   . . [k k k k k k]      outer axes are visited; along the last axis the
//                        . . [k k k k k k]      union of the block's windows, in vectors of 8,
//                        . . . . . . . .        each query masked to its own
//
// Additional keys come as further chunks that every query attends.
#include "clones.h"
#include "neighborhood_block.h"
#include <math.h>

size_t tessera_na_local_floats(const tessera_na_constants *p) {
  na_tile t;
  return na_tile_layout(&t, p, NULL);
}

// Keys in a row: the first one's vector, counted in vectors from the tensor's start, and the step to
// the next.
typedef struct {
  const void *k, *v;
  size_t first, step;
} na_run;

// Copies `count` keys of a run to the chunk from key `at` on. Returns whether all values are finite.
INLINE int na_gather(const na_tile *t, na_run run, int32_t at, int32_t count) {
  const tessera_na_constants *p = t->p;
  size_t d = (size_t)p->head_dim, dv = (size_t)p->value_dim, room = na_round(d);
  for (int32_t i = 0; i < count; i += LANES) {
    const float *rows[LANES];
    for (int32_t x = 0; x < LANES; x++) {
      size_t key = run.first + (size_t)na_min(i + x, count - 1) * run.step;
      rows[x] = na_floats(run.k, p->dtype, key * d, d, t->staging + (size_t)x * room);
    }
    // The last group may write up to 7 keys too many; what they overwrite is written after them.
    size_t c = 0;
    for (; c + LANES <= d; c += LANES) {
      v8 r[LANES];
      for (int x = 0; x < LANES; x++) r[x] = v8_load(rows[x] + c);
      v8_transpose(r);
      for (int x = 0; x < LANES; x++)
        v8_store(t->kt + (c + (size_t)x) * (size_t)t->ldk + at + i, r[x]);
    }
    for (; c < d; c++)
      for (int x = 0; x < LANES; x++) t->kt[c * (size_t)t->ldk + (size_t)(at + i + x)] = rows[x][c];
  }
  // A sum of x·0 is 0 exactly if every x is finite.
  v8 check = v8_splat(0);
  float rest = 0;
  for (int32_t i = 0; i < count; i++) {
    size_t key = run.first + (size_t)i * run.step;
    const float *v = na_floats(run.v, p->dtype, key * dv, dv, t->staging);
    float *out = t->vs + (size_t)(at + i) * (size_t)t->dv;
    size_t c = 0;
    for (; c + LANES <= dv; c += LANES) {
      v8 x = v8_load(v + c);
      v8_store(out + c, x);
      check += x * v8_splat(0);
    }
    for (; c < dv; c++) {
      out[c] = v[c];
      rest += v[c] * 0;
    }
    for (; c < (size_t)t->dv; c++) out[c] = 0;
  }
  return v8_sum(check) + rest == 0;
}

// What a tile knows about itself.
typedef struct {
  size_t batch, kv_head;
  // The first query head and how many.
  size_t head, heads;
  int32_t group[3], n[3];
  // Queries [first, last) and the key box [begin, begin + extent) along each axis.
  int32_t first[3], last[3], begin[3], extent[3];
} na_place;

INLINE size_t na_token(const tessera_na_constants *p, const na_place *w, const int32_t j[3]) {
  size_t token = 0;
  for (int a = 0; a < 3; a++)
    token = token * (size_t)p->length[a] + (size_t)(w->group[a] + p->dilation[a] * j[a]);
  return token;
}

// Loads the block's queries, times the scale; queries past the count are zeros.
INLINE void na_load_queries(
    const na_tile *t, const na_place *w, const void *q, const int32_t j[3], int32_t count,
    size_t head) {
  const tessera_na_constants *p = t->p;
  size_t d = (size_t)p->head_dim, tokens = (size_t)p->length[0] * p->length[1] * p->length[2];
  for (int32_t i = 0; i < BLOCK_Q; i++) {
    int32_t own[3] = {j[0], j[1], j[2] + i};
    if (i >= count) {
      for (size_t c = 0; c < d; c++) t->qs[c * BLOCK_Q + (size_t)i] = 0;
      continue;
    }
    size_t row = (w->batch * tokens + na_token(p, w, own)) * (size_t)p->heads + head;
    const float *x = na_floats(q, p->dtype, row * d, d, t->staging);
    for (size_t c = 0; c < d; c++) t->qs[c * BLOCK_Q + (size_t)i] = x[c] * p->scale;
  }
}

// Runs every query block of the tile over the gathered rows [row0, row1) × columns [col0, col1) of
// the key box; of the additional keys if `extra`.
INLINE void na_visit(
    const na_tile *t, const na_place *w, const void *q, int32_t row0, int32_t row1, int32_t col0,
    int32_t col1, int extra, int finite) {
  const tessera_na_constants *p = t->p;
  int32_t width = col1 - col0;
  int32_t j[3];
  for (j[0] = w->first[0]; j[0] < w->last[0]; j[0]++)
    for (j[1] = w->first[1]; j[1] < w->last[1]; j[1]++) {
      // The window of these queries along the outer axes, in rows of the box.
      int32_t lo[2], hi[2];
      for (int a = 0; a < 2; a++) {
        int32_t b = na_window_begin(j[a], w->n[a], p->window[a], p->stride[a], p->causal[a]);
        lo[a] = b - w->begin[a];
        hi[a] = na_window_end(j[a], b, p->window[a], p->causal[a]) - w->begin[a];
      }
      for (j[2] = w->first[2]; j[2] < w->last[2]; j[2] += BLOCK_Q) {
        int32_t count = na_min(BLOCK_Q, w->last[2] - j[2]);
        int32_t begin[BLOCK_Q], end[BLOCK_Q];
        for (int32_t i = 0; i < count; i++) {
          int32_t b = na_window_begin(
              j[2] + i, w->n[2], p->window[2], p->stride[2], p->causal[2]);
          begin[i] = extra ? 0 : b - w->begin[2];
          end[i] = extra ? p->extra_keys
                         : na_window_end(j[2] + i, b, p->window[2], p->causal[2]) - w->begin[2];
        }
        int32_t from = na_max(begin[0], col0), to = na_min(end[count - 1], col1), vectors = 0;
        for (int32_t r = row0; r < row1; r++) {
          int32_t r0 = r / w->extent[1], r1 = r % w->extent[1];
          if (!extra && (r0 < lo[0] || r0 >= hi[0] || r1 < lo[1] || r1 >= hi[1])) continue;
          for (int32_t c = from; c < to; c += LANES, vectors++) {
            t->start[vectors] = (r - row0) * width + c - col0;
            t->column[vectors] = c;
            t->used[vectors] = na_min(LANES, to - c);
          }
        }
        if (vectors == 0) continue;
        int32_t place = ((j[0] - w->first[0]) * p->tile[1] + j[1] - w->first[1]) * p->tile[2]
            + j[2] - w->first[2];
        for (size_t h = 0; h < w->heads; h++) {
          int32_t row[BLOCK_Q];
          for (int32_t i = 0; i < count; i++) row[i] = (int32_t)h * t->queries + place + i;
          na_load_queries(t, w, q, j, count, w->head + h);
          na_block(t, vectors, count, row, begin, end, finite);
        }
      }
    }
}

// Divides by the sums and stores O and LSE of the tile's queries.
INLINE void na_finish(const na_tile *t, const na_place *w, void *o, float *lse) {
  const tessera_na_constants *p = t->p;
  size_t dv = (size_t)p->value_dim, tokens = (size_t)p->length[0] * p->length[1] * p->length[2];
  int32_t j[3];
  for (size_t h = 0; h < w->heads; h++)
    for (j[0] = w->first[0]; j[0] < w->last[0]; j[0]++)
      for (j[1] = w->first[1]; j[1] < w->last[1]; j[1]++)
        for (j[2] = w->first[2]; j[2] < w->last[2]; j[2]++) {
          size_t in = h * (size_t)t->queries + (size_t)(
              ((j[0] - w->first[0]) * p->tile[1] + j[1] - w->first[1]) * p->tile[2] + j[2]
              - w->first[2]);
          size_t out = (w->batch * tokens + na_token(p, w, j)) * (size_t)p->heads
              + w->head + h;
          float sum = t->l[in], *acc = t->acc + in * (size_t)t->dv;
          lse[out] = sum == 0 ? -__builtin_inff() : t->m[in] + logf(sum);
          float inverse = sum == 0 ? 0 : 1 / sum;
          for (size_t c = 0; c < dv; c++) acc[c] *= inverse;
          void *target = (char *)o + out * dv * (p->output_dtype == 0 ? 4 : 2);
          if (p->output_dtype == 0) memcpy(target, acc, dv * 4);
          else if (p->output_dtype == 1) tessera_f32_to_f16(acc, target, dv);
          else tessera_f32_to_bf16(acc, target, dv);
        }
}

TESSERA_CLONES
void tessera_na_tile(
    const tessera_na_constants *p, const void *q, const void *k, const void *v,
    const void *extra_k, const void *extra_v, void *o, float *lse, size_t index, float *local) {
  // Indices
  na_tile t;
  na_tile_layout(&t, p, local);
  na_place w;
  int32_t place[3];
  for (int a = 2; a >= 0; a--) {
    place[a] = (int32_t)(index % (size_t)p->tiles[a]);
    index /= (size_t)p->tiles[a];
  }
  for (int a = 2; a >= 0; a--) {
    w.group[a] = (int32_t)(index % (size_t)p->dilation[a]);
    index /= (size_t)p->dilation[a];
  }
  size_t g = (size_t)(p->heads / p->kv_heads), together = (size_t)p->together;
  size_t parts = (g + together - 1) / together, part = index % parts;
  index /= parts;
  w.kv_head = index % (size_t)p->kv_heads;
  w.head = w.kv_head * g + part * together;
  w.heads = g - part * together < together ? g - part * together : together;
  w.batch = index / (size_t)p->kv_heads;
  for (int a = 0; a < 3; a++) {
    int32_t window = p->window[a], stride = p->stride[a], causal = p->causal[a];
    w.n[a] = na_group_length(p->length[a], p->dilation[a], w.group[a]);
    w.first[a] = place[a] * p->tile[a];
    w.last[a] = na_min(w.first[a] + p->tile[a], w.n[a]);
    // Dilation groups differ in length by one: the shorter ones may have a tile less.
    if (w.first[a] >= w.last[a]) return;
    w.begin[a] = na_window_begin(w.first[a], w.n[a], window, stride, causal);
    int32_t b = na_window_begin(w.last[a] - 1, w.n[a], window, stride, causal);
    w.extent[a] = na_window_end(w.last[a] - 1, b, window, causal) - w.begin[a];
  }

  // Prologue
  for (int32_t r = 0; r < t.rows; r++) {
    t.m[r] = -__builtin_inff();
    t.l[r] = 0;
  }
  memset(t.acc, 0, (size_t)t.rows * (size_t)t.dv * sizeof(float));

  // Main loop: whole rows of the key box if one fits into a chunk, else parts of a row.
  size_t tokens = (size_t)p->length[0] * p->length[1] * p->length[2];
  int32_t columns = na_min(p->chunk, w.extent[2]), rows = w.extent[0] * w.extent[1];
  int32_t step = columns < w.extent[2] ? 1 : p->chunk / columns;
  for (int32_t row0 = 0; row0 < rows; row0 += step)
    for (int32_t col0 = 0; col0 < w.extent[2]; col0 += columns) {
      int32_t row1 = na_min(row0 + step, rows), col1 = na_min(col0 + columns, w.extent[2]);
      int finite = 1;
      for (int32_t r = row0; r < row1; r++) {
        int32_t j[3] = {
            w.begin[0] + r / w.extent[1], w.begin[1] + r % w.extent[1], w.begin[2] + col0};
        na_run run = {
            k, v, (w.batch * tokens + na_token(p, &w, j)) * (size_t)p->kv_heads + w.kv_head,
            (size_t)p->dilation[2] * (size_t)p->kv_heads};
        finite &= na_gather(&t, run, (r - row0) * (col1 - col0), col1 - col0);
      }
      na_visit(&t, &w, q, row0, row1, col0, col1, 0, finite);
    }
  for (int32_t e = 0; e < p->extra_keys; e += p->chunk) {
    int32_t count = na_min(p->chunk, p->extra_keys - e);
    na_run run = {
        extra_k, extra_v,
        (w.batch * (size_t)p->extra_keys + (size_t)e) * (size_t)p->kv_heads + w.kv_head,
        (size_t)p->kv_heads};
    int finite = na_gather(&t, run, 0, count);
    na_visit(&t, &w, q, 0, 1, e, e + count, 1, finite);
  }

  // Epilogue
  na_finish(&t, &w, o, lse);
}
