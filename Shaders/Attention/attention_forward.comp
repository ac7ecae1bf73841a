#version 460
// Forward attention over boxes of tokens; see attention_forward.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INPUT_BUFFER(0, Q, 30)
INPUT_BUFFER(1, K, 31)
INPUT_BUFFER(2, V, 32)
INPUT_BUFFER(3, EXTRA_K, 33)
INPUT_BUFFER(4, EXTRA_V, 34)
layout(set = 0, binding = 5, std430) readonly buffer BIAS_Values { float BIAS_values[]; };
float BIAS_load(int i) { return BIAS_values[i]; }
INDEX_BUFFER(6, MASK)
INDEX_BUFFER(7, CU_Q)
INDEX_BUFFER(8, CU_K)
OUTPUT_BUFFER(9, O, 35)
layout(set = 0, binding = 10, std430) buffer LSE_Values { float LSE_values[]; };
void LSE_store(int i, float v) { LSE_values[i] = v; }
layout(set = 0, binding = 11, std430) buffer STATE_Values { float STATE_values[]; };
float STATE_load(int i) { return STATE_values[i]; }
void STATE_store(int i, float v) { STATE_values[i] = v; }
#include "attention_forward.h"
FORWARD_LOCALS
void main() {
#include "attention_forward.inc"
}
