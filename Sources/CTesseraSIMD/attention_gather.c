// Copying vectors of a tensor into f32 in cache.
#include "clones.h"
#include "attention_loops.h"

INLINE int at_gather(
    const at_tile *t, const void *source, int32_t dtype, size_t dim, size_t pad, int32_t count,
    float *transposed, float *rows) {
  // A sum of x·0 is 0 exactly if every x is finite.
  v8 check = v8_splat(0);
  float rest = 0;
  size_t ld = (size_t)t->ld, room = at_round(pad, 16);
  for (int32_t i = 0; i < count; i += LANES) {
    const float *from[LANES];
    // The last vectors may come twice; their second places lie past the chunk's end.
    for (int32_t x = 0; x < LANES; x++)
      from[x] = at_floats(
          source, dtype, t->vector[at_min(i + x, count - 1)] * dim, dim,
          t->staging + (size_t)x * room);
    if (transposed) {
      size_t c = 0;
      for (; c + LANES <= dim; c += LANES) {
        v8 r[LANES];
        for (int x = 0; x < LANES; x++) r[x] = v8_load(from[x] + c);
        v8_transpose(r);
        for (int x = 0; x < LANES; x++) v8_store(transposed + (c + (size_t)x) * ld + i, r[x]);
      }
      for (; c < dim; c++)
        for (int x = 0; x < LANES; x++) transposed[c * ld + (size_t)(i + x)] = from[x][c];
    }
    if (!rows) continue;
    for (int32_t x = 0; x < at_min(LANES, count - i); x++) {
      float *out = rows + (size_t)(i + x) * pad;
      size_t c = 0;
      for (; c + LANES <= dim; c += LANES) {
        v8 value = v8_load(from[x] + c);
        v8_store(out + c, value);
        check += value * v8_splat(0);
      }
      for (; c < dim; c++) {
        out[c] = from[x][c];
        rest += out[c] * 0;
      }
      for (; c < pad; c++) out[c] = 0;
    }
  }
  return v8_sum(check) + rest == 0;
}

INLINE float at_dot(const float *a, const float *b, size_t count) {
  v8 sum = v8_splat(0);
  size_t c = 0;
  for (; c + LANES <= count; c += LANES) sum += v8_load(a + c) * v8_load(b + c);
  float rest = 0;
  for (; c < count; c++) rest += a[c] * b[c];
  return v8_sum(sum) + rest;
}

TESSERA_CLONES
int tessera_at_gather(
    const at_tile *t, const void *source, int32_t dtype, size_t dim, size_t pad, int32_t count,
    float *transposed, float *rows) {
  return at_gather(t, source, dtype, dim, pad, count, transposed, rows);
}

TESSERA_CLONES
float tessera_at_dot(const float *a, const float *b, size_t count) { return at_dot(a, b, count); }

TESSERA_CLONES
void tessera_attention_reduce(
    const float *partial, size_t parts, size_t count, size_t first, size_t last, void *out,
    int32_t dtype) {
  for (size_t at = first; at < last; at += 64) {
    size_t width = last - at < 64 ? last - at : 64;
    float sum[64] = {0};
    for (size_t part = 0; part < parts; part++)
      for (size_t i = 0; i < width; i++) sum[i] += partial[part * count + at + i];
    at_store(out, dtype, at, sum, width);
  }
}
