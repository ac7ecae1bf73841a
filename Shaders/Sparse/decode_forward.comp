#version 460
// Attention of a few queries to many keys in pages; see decode_forward.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
#include "cache_codes.h"
#include "tanh.h"
WORKGROUP;
INPUT_BUFFER(0, Q, 30)
INPUT_BUFFER(1, K, 31)
INPUT_BUFFER(2, V, 32)
INPUT_OCTETS(1, K)
INPUT_OCTETS(2, V)
INPUT_CODES(K)
INPUT_CODES(V)
INDEX_BUFFER(3, ENTRIES)
INDEX_BUFFER(4, LENGTHS)
INDEX_BUFFER(5, TABLE)
INDEX_BUFFER(6, CU_K)
layout(set = 0, binding = 7, std430) readonly buffer SINKS_Values { float SINKS_values[]; };
float SINKS_load(int i) { return SINKS_values[i]; }
INPUT_BUFFER(8, K_PARAMETERS, 54)
INPUT_BUFFER(9, V_PARAMETERS, 55)
INPUT_OCTETS(8, K_PARAMETERS)
INPUT_OCTETS(9, V_PARAMETERS)
OUTPUT_BUFFER(10, O, 35)
layout(set = 0, binding = 11, std430) buffer LSE_Values { float LSE_values[]; };
void LSE_store(int i, float v) { LSE_values[i] = v; }
#include "decode_forward.h"
DECODE_LOCALS
void main() {
#include "decode_forward.inc"
}
