#version 460
// Row sums of O∘dO; see attention_delta.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
#include "columns.h"
WORKGROUP;
INPUT_BUFFER(0, O, 3)
INPUT_BUFFER(1, DO, 4)
OUTPUT_BUFFER(2, DELTA, 5)
#include "attention_delta.h"
DELTA_LOCALS
void main() {
#include "attention_delta.inc"
}
