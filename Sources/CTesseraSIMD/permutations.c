// Permutations of tokens on the CPU; see Shaders/Sparse/token_permutation.h.
#include "tessera_patterns.h"
#include "../../Shaders/Sparse/token_permutation.h"
#include <string.h>

static int32_t source(const tessera_order_constants *p, int32_t i) {
  return p->inverse
             ? permutation_place(p->kind, p->first, p->n0, p->n1, p->n2, p->w0, p->w1, p->w2, i)
             : permutation_token(p->kind, p->first, p->n0, p->n1, p->n2, p->w0, p->w1, p->w2, i);
}

void tessera_token_order(
    const tessera_order_constants *p, int32_t *order, size_t first, size_t last) {
  for (size_t i = first; i < last; i++) order[i] = source(p, (int32_t)i);
}

void tessera_token_gather(
    const tessera_order_constants *p, size_t bytes, const void *from, void *to, size_t first,
    size_t last) {
  size_t tokens = (size_t)p->tokens, row = (size_t)p->row * bytes;
  for (size_t place = first; place < last; place++) {
    size_t token = place % tokens, whole = place - token;
    memcpy(
        (char *)to + place * row, (const char *)from + (whole + (size_t)source(p, (int32_t)token)) * row,
        row);
  }
}
