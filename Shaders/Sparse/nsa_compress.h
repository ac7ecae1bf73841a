// Tokens joined over windows of `span` that begin every `stride` tokens:
//
//   OUT[b, j, h] = Σi w[h, i] · IN[b, j·stride + i, h]        IN [B, N, H, D] → OUT [B, J, H, D]
//
// w is WEIGHTS [H, span], or one over the tokens that there are: the last window may be cut. One
// invocation makes 4 columns of one vector; 64 per workgroup.
//
//   parameter   id  meaning
//   IN_DTYPE    3   element type of IN: 0 f32, 1 f16, 2 bf16
//   OUT_DTYPE   4   element type of OUT
//   VECTOR      8   vectors are whole groups of 4; see columns.h
//   WEIGHTED    9   whether there are weights
#ifndef TESSERA_NSA_COMPRESS_H
#define TESSERA_NSA_COMPRESS_H

PARAMETER(8, int, VECTOR, 0)
PARAMETER(9, int, WEIGHTED, 0)

// `quads` groups of 4 columns per vector.
CONSTANT_BLOCK(
    int count; int tokens; int windows; int heads; int columns; int quads; int span; int stride;)

#endif
