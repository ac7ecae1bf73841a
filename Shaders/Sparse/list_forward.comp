#version 460
// Forward attention over lists of key blocks; see list_front.h and attention_forward.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
#define ATTENTION_LISTS
#define PAGE_NUMBER(i) LOAD_INT(TABLE, i)
WORKGROUP;
INPUT_BUFFER(0, Q, 30)
INPUT_BUFFER(1, K, 31)
INPUT_BUFFER(2, V, 32)
INDEX_BUFFER(3, ENTRIES)
INDEX_BUFFER(4, LENGTHS)
INDEX_BUFFER(5, CHUNKS)
INDEX_BUFFER(6, TABLE)
INDEX_BUFFER(7, CU_Q)
INDEX_BUFFER(8, CU_K)
layout(set = 0, binding = 9, std430) readonly buffer SINKS_Values { float SINKS_values[]; };
float SINKS_load(int i) { return SINKS_values[i]; }
OUTPUT_BUFFER(10, O, 35)
layout(set = 0, binding = 11, std430) buffer LSE_Values { float LSE_values[]; };
void LSE_store(int i, float v) { LSE_values[i] = v; }
layout(set = 0, binding = 12, std430) buffer STATE_Values { float STATE_values[]; };
float STATE_load(int i) { return STATE_values[i]; }
void STATE_store(int i, float v) { STATE_values[i] = v; }
#include "attention_forward.h"
FORWARD_LOCALS
void main() {
#include "attention_forward.inc"
}
