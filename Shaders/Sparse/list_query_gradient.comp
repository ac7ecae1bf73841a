#version 460
// Gradient of the queries of attention over lists of key blocks, given δ; see list_front.h and
// attention_query_gradient.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
#define ATTENTION_LISTS
#define PAGE_NUMBER(i) 0
WORKGROUP;
INPUT_BUFFER(0, Q, 30)
INPUT_BUFFER(1, K, 31)
INPUT_BUFFER(2, V, 32)
INDEX_BUFFER(3, ENTRIES)
INDEX_BUFFER(4, LENGTHS)
INDEX_BUFFER(5, CHUNKS)
INDEX_BUFFER(6, CU_Q)
INDEX_BUFFER(7, CU_K)
layout(set = 0, binding = 8, std430) readonly buffer LSE_Values { float LSE_values[]; };
float LSE_load(int i) { return LSE_values[i]; }
layout(set = 0, binding = 9, std430) readonly buffer DELTA_Values { float DELTA_values[]; };
float DELTA_load(int i) { return DELTA_values[i]; }
INPUT_BUFFER(10, DO, 36)
OUTPUT_BUFFER(11, DQ, 37)
layout(set = 0, binding = 12, std430) buffer STATE_Values { float STATE_values[]; };
float STATE_load(int i) { return STATE_values[i]; }
void STATE_store(int i, float v) { STATE_values[i] = v; }
#include "attention_query_gradient.h"
QUERY_GRADIENT_LOCALS
void main() {
#include "attention_query_gradient.inc"
}
