#version 460
// Gradient of the relative-position bias; see na_bias_gradient.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INPUT_BUFFER(0, Q, 3)
INPUT_BUFFER(1, K, 4)
INPUT_BUFFER(2, V, 5)
INPUT_BUFFER(3, DO, 6)
INDEX_BUFFER(4, MASK)
INPUT_BUFFER(5, BIAS, 9)
INPUT_BUFFER(6, LSE, 10)
INPUT_BUFFER(7, DELTA, 11)
layout(set = 0, binding = 8, std430) buffer OUT_Values { float OUT_values[]; };
void OUT_store(int i, float v) { OUT_values[i] = v; }
#include "na_grid.h"
#include "na_bias_gradient.h"
BIAS_LOCALS
void main() {
#include "na_bias_gradient.inc"
}
