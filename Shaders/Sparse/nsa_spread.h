// The gradient of tokens that have a part in windows (see nsa_compress.h), and elsewhere:
//
//   OUT[b, t, h] = A[b, t, h] + B[b, t, h] + Σj w[h, t − j·stride] · WINDOWS[b, j, h]
//
// over the windows j that hold t, summed in order. With windows of one token it adds three tensors. One
// invocation makes 4 columns of one vector; 64 per workgroup.
//
//   parameter   id     meaning
//   IN_DTYPE    3-7    element type of all tensors but WEIGHTS: 0 f32, 1 f16, 2 bf16
//   VECTOR      8      vectors are whole groups of 4; see columns.h
//   WEIGHTED    9      whether there are weights; else they are 1 / span
//   PARTS       10     how many of A and B there are
#ifndef TESSERA_NSA_SPREAD_H
#define TESSERA_NSA_SPREAD_H

PARAMETER(8, int, VECTOR, 0)
PARAMETER(9, int, WEIGHTED, 0)
PARAMETER(10, int, PARTS, 0)

// `quads` groups of 4 columns per vector; `windows` may be 0.
CONSTANT_BLOCK(
    int count; int tokens; int windows; int heads; int columns; int quads; int span; int stride;)

#endif
