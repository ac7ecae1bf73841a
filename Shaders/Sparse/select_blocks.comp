#version 460
// Selects the best blocks of every row; see select_blocks.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INPUT_BUFFER(0, SCORES, 3)
#include "select_blocks.h"
INT_OUTPUT_BUFFER(1, INDICES)
INT_OUTPUT_BUFFER(2, COUNTS)
SELECT_LOCALS
void main() {
#include "select_blocks.inc"
}
