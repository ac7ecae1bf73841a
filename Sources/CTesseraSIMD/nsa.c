// Compression and gates of native sparse attention on the CPU. Vectors are taken RUN columns at a time,
// which stay on the stack.
#include "clones.h"
#include "elements.h"
#include "include/tessera_select.h"

enum { RUN = 256 };

INLINE size_t run_length(size_t start, size_t count) {
  return count - start < RUN ? count - start : RUN;
}

TESSERA_CLONES
void tessera_nsa_compress(
    const tessera_window_constants *p, int32_t in_type, int32_t out_type, const void *in,
    const float *weights, void *out, size_t first, size_t last) {
  size_t heads = (size_t)p->heads, columns = (size_t)p->columns;
  float sum[RUN], room[RUN];
  for (size_t vector = first; vector < last; vector++) {
    size_t head = vector % heads, window = vector / heads % (size_t)p->windows;
    size_t batch = vector / heads / (size_t)p->windows, start = window * (size_t)p->stride;
    size_t held = (size_t)p->tokens - start < (size_t)p->span ? (size_t)p->tokens - start
                                                             : (size_t)p->span;
    for (size_t c = 0; c < columns; c += RUN) {
      size_t count = run_length(c, columns);
      for (size_t i = 0; i < count; i++) sum[i] = 0;
      for (size_t t = 0; t < held; t++) {
        size_t at = ((batch * (size_t)p->tokens + start + t) * heads + head) * columns + c;
        elements_add(
            sum, weights ? weights[head * (size_t)p->span + t] : 1,
            elements_load(in, in_type, at, count, room), count);
      }
      if (!weights)
        for (size_t i = 0; i < count; i++) sum[i] *= 1 / (float)held;
      elements_store(out, out_type, vector * columns + c, count, sum);
    }
  }
}

TESSERA_CLONES
void tessera_nsa_spread(
    const tessera_window_constants *p, int32_t type, const void *a, const void *b,
    const void *windows, const float *weights, void *out, size_t first, size_t last) {
  size_t heads = (size_t)p->heads, columns = (size_t)p->columns;
  float sum[RUN], spread[RUN], room[RUN];
  for (size_t vector = first; vector < last; vector++) {
    size_t head = vector % heads, batch = vector / heads / (size_t)p->tokens;
    int32_t token = (int32_t)(vector / heads % (size_t)p->tokens);
    int32_t begin = token - p->span + p->stride > 0 ? (token - p->span + p->stride) / p->stride : 0;
    int32_t end = token / p->stride < p->windows - 1 ? token / p->stride : p->windows - 1;
    for (size_t c = 0; c < columns; c += RUN) {
      size_t count = run_length(c, columns), at = vector * columns + c;
      for (size_t i = 0; i < count; i++) sum[i] = spread[i] = 0;
      if (a) elements_add(sum, 1, elements_load(a, type, at, count, room), count);
      if (b) elements_add(sum, 1, elements_load(b, type, at, count, room), count);
      for (int32_t j = begin; j <= end; j++) {
        size_t from =
            ((batch * (size_t)p->windows + (size_t)j) * heads + head) * columns + c;
        elements_add(
            spread, weights ? weights[head * (size_t)p->span + (size_t)(token - j * p->stride)] : 1,
            elements_load(windows, type, from, count, room), count);
      }
      elements_add(sum, weights ? 1 : 1 / (float)p->span, spread, count);
      elements_store(out, type, at, count, sum);
    }
  }
}

TESSERA_CLONES
void tessera_nsa_gate(
    const tessera_gate_constants *p, int32_t o_type, int32_t gates_type, const void *gates,
    const void *const *branches, void *out, size_t first, size_t last) {
  size_t columns = (size_t)p->columns;
  float sum[RUN], room[RUN], gate_room[3];
  for (size_t row = first; row < last; row++) {
    const float *gate = elements_load(gates, gates_type, 3 * row, 3, gate_room);
    for (size_t c = 0; c < columns; c += RUN) {
      size_t count = run_length(c, columns), at = row * columns + c;
      for (size_t i = 0; i < count; i++) sum[i] = 0;
      for (int branch = 0; branch < 3; branch++)
        if (branches[branch])
          elements_add(
              sum, gate[branch], elements_load(branches[branch], o_type, at, count, room), count);
      elements_store(out, o_type, at, count, sum);
    }
  }
}

TESSERA_CLONES
void tessera_nsa_gate_gradient(
    const tessera_gate_constants *p, int32_t o_type, int32_t gates_type, const void *gates,
    const void *d_o, const void *branch, void *out, void *gradients, size_t first, size_t last) {
  size_t columns = (size_t)p->columns;
  float x[RUN], y[RUN], scaled[RUN], room[1];
  for (size_t row = first; row < last; row++) {
    size_t at_gate = 3 * row + (size_t)p->branch;
    float gate = *elements_load(gates, gates_type, at_gate, 1, room), sum = 0;
    for (size_t c = 0; c < columns; c += RUN) {
      size_t count = run_length(c, columns), at = row * columns + c;
      const float *d = elements_load(d_o, o_type, at, count, x);
      if (branch) sum += elements_dot(d, elements_load(branch, o_type, at, count, y), count);
      for (size_t i = 0; i < count; i++) scaled[i] = gate * d[i];
      elements_store(out, o_type, at, count, scaled);
    }
    elements_store(gradients, gates_type, at_gate, 1, &sum);
  }
}
