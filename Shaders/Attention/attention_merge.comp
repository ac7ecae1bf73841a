#version 460
// Merges parts of an attention; see attention_merge.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
#include "columns.h"
WORKGROUP;
INPUT_BUFFER(0, PARTS, 3)
INPUT_BUFFER(1, PART_LSE, 5)
OUTPUT_BUFFER(2, O, 4)
OUTPUT_BUFFER(3, LSE, 6)
#include "attention_merge.h"
void main() {
#include "attention_merge.inc"
}
