#version 460
// Sums partial tensors; see attention_sum.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
#include "columns.h"
WORKGROUP;
INPUT_BUFFER(0, PARTS, 3)
OUTPUT_BUFFER(1, SUM, 4)
#include "attention_sum.h"
void main() {
#include "attention_sum.inc"
}
