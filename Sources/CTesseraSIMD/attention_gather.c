// Copying vectors of a tensor into f32 in cache.
#include "clones.h"
#include "attention_loops.h"
#include "cache_codes.h"

INLINE int at_gather(
    const at_tile *t, const void *source, int32_t dtype, const void *parameters,
    const tessera_codes *codes, size_t dim, size_t pad, int32_t count, float *transposed,
    float *rows) {
  // A sum of x·0 is 0 exactly if every x is finite.
  v8 check = v8_splat(0);
  float rest = 0;
  size_t ld = (size_t)t->ld, room = at_round(pad, 16);
  for (int32_t i = 0; i < count; i += LANES) {
    const float *from[LANES];
    // The last vectors may come twice; their second places lie past the chunk's end.
    for (int32_t x = 0; x < LANES; x++) {
      size_t vector = t->vector[at_min(i + x, count - 1)];
      float *own = t->staging + (size_t)x * room;
      from[x] = codes
          ? codes_vector(source, parameters, codes, vector, (size_t)t->p->kv_heads, dim, own)
          : elements_load(source, dtype, vector * dim, dim, own);
    }
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

TESSERA_CLONES
int tessera_at_gather(
    const at_tile *t, const void *source, int32_t dtype, size_t dim, size_t pad, int32_t count,
    float *transposed, float *rows) {
  return at_gather(t, source, dtype, NULL, NULL, dim, pad, count, transposed, rows);
}

TESSERA_CLONES
int tessera_at_gather_codes(
    const at_tile *t, const void *source, const void *parameters, const tessera_codes *codes,
    size_t dim, size_t pad, int32_t count, float *transposed, float *rows) {
  return at_gather(t, source, 0, parameters, codes, dim, pad, count, transposed, rows);
}

TESSERA_CLONES
float tessera_at_dot(const float *a, const float *b, size_t count) {
  return elements_dot(a, b, count);
}
