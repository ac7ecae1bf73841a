// The gradient of the relative-position bias of neighborhood attention:
//
//   dbias[h][o] = Σ dS over all batch entries, queries and keys at relative position o
//   dS = exp(scale·q·k + bias[h][o] − LSE) · (dO·v − delta)
//
// With FLAG_GIVEN, dS is what the caller brings in Q's place, `[B, Y.., H, Π k]`: the gradient of the
// bias of unfused scores.
//
// A workgroup owns one (h, o), or with several workgroups along z a fixed part of its queries; then OUT
// holds the parts `[splits][H][2k − 1 per axis]`. Its 64 invocations take the queries that can have a
// key there in turn, and their sums are added as a tree: the order never changes.
//
//   parameter   id  meaning
//   Q_DTYPE     3   element type of Q, K, V (ids 3, 4, 5): 0 f32, 1 f16, 2 bf16
//   DO_DTYPE    6   element type of dO
//   VECTOR      8   rows of Q and V are whole vectors of 4; see columns.h
#ifndef TESSERA_NA_BIAS_GRADIENT_H
#define TESSERA_NA_BIAS_GRADIENT_H

PARAMETER(8, int, VECTOR, 0)

// Axes as in na_halves.h. `table` is the number of relative positions, `first` the number of parts in
// OUT that earlier dispatches make.
CONSTANT_BLOCK(
    int keys[3]; int queries[3]; int window[3]; int stride[3]; int dilation[3]; int kinds;
    int heads; int group; int headDim; int valueDim; int table; int batch; float scale; int flags;
    int first;)

#define FLAG_MASK 1       // MASK is read
#define FLAG_GIVEN 8      // Q holds dS; K, V, DO, BIAS, LSE and DELTA are not read

#define KIND(a) ((p.kinds >> (2 * (a))) & 3)
#define TAKES_PART(token) \
  ((p.flags & FLAG_MASK) == 0 || ((LOAD_INT(MASK, (token) >> 2) >> (8 * ((token) & 3))) & 255) != 0)

#define BIAS_LOCALS LOCAL_ARRAY(float, partial, 64)

// sum += Σc X[fromX + c]·Y[fromY + c]
#define DOT(X, fromX, Y, fromY, count, sum)           \
  if (VECTOR != 0) {                                  \
    for (int c = 0; c < count; c += 4) {              \
      float4 u = LOAD4(X, fromX + c);                 \
      float4 w = LOAD4(Y, fromY + c);                 \
      sum = fma(u.x, w.x, sum);                       \
      sum = fma(u.y, w.y, sum);                       \
      sum = fma(u.z, w.z, sum);                       \
      sum = fma(u.w, w.w, sum);                       \
    }                                                 \
  } else {                                            \
    for (int c = 0; c < count; c++)                   \
      sum = fma(LOAD(X, fromX + c), LOAD(Y, fromY + c), sum); \
  }

#endif
