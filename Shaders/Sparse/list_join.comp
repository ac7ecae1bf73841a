#version 460
// Joins the parts of rows over their blocks; see list_join.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
#include "columns.h"
WORKGROUP;
INPUT_BUFFER(0, PARTS, 3)
layout(set = 0, binding = 1, std430) readonly buffer PART_LSE_Values { float PART_LSE_values[]; };
float PART_LSE_load(int i) { return PART_LSE_values[i]; }
INDEX_BUFFER(2, LENGTHS)
INDEX_BUFFER(3, CU_Q)
INDEX_BUFFER(4, CU_K)
layout(set = 0, binding = 5, std430) readonly buffer SINKS_Values { float SINKS_values[]; };
float SINKS_load(int i) { return SINKS_values[i]; }
OUTPUT_BUFFER(6, O, 4)
layout(set = 0, binding = 7, std430) buffer LSE_Values { float LSE_values[]; };
void LSE_store(int i, float v) { LSE_values[i] = v; }
#include "list_join.h"
void main() {
#include "list_join.inc"
}
