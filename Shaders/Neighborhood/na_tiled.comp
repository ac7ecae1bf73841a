#version 460
// Fused neighborhood attention; see na_tiled.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INPUT_BUFFER(0, Q, 3)
INPUT_BUFFER(1, K, 4)
INPUT_BUFFER(2, V, 5)
INPUT_BUFFER(3, EXTRA_K, 6)
INPUT_BUFFER(4, EXTRA_V, 7)
OUTPUT_BUFFER(5, O, 8)
layout(set = 0, binding = 6, std430) buffer LSE_Values { float LSE_values[]; };
void LSE_store(int i, float v) { LSE_values[i] = v; }
layout(set = 0, binding = 7, std430) buffer STATE_Values { float STATE_values[]; };
float STATE_load(int i) { return STATE_values[i]; }
void STATE_store(int i, float v) { STATE_values[i] = v; }
#include "neighborhood_index.h"
#include "na_tiled.h"
NA_LOCALS
void main() {
#include "na_tiled.inc"
}
