#version 460
// Attention over a pruned cache; see pruned_decode.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INPUT_BUFFER(0, Q, 30)
INDEX_BUFFER(1, K_BITS)
INDEX_BUFFER(2, K_OFFSETS)
INPUT_BUFFER(3, K, 31)
INDEX_BUFFER(4, V_BITS)
INDEX_BUFFER(5, V_OFFSETS)
INPUT_BUFFER(6, V, 32)
INPUT_BUFFER(7, K_RECENT, 33)
INPUT_BUFFER(8, V_RECENT, 34)
OUTPUT_BUFFER(9, O, 35)
layout(set = 0, binding = 10, std430) buffer LSE_Values { float LSE_values[]; };
void LSE_store(int i, float v) { LSE_values[i] = v; }
#include "pruned_decode.h"
PRUNED_LOCALS
void main() {
#include "pruned_decode.inc"
}
