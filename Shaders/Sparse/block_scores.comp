#version 460
// Scores of blocks of keys; see block_scores.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
#include "columns.h"
WORKGROUP;
INPUT_BUFFER(0, Q, 3)
INPUT_BUFFER(1, K, 4)
INPUT_BUFFER(2, LSE, 5)
OUTPUT_BUFFER(3, SCORES, 6)
#include "block_scores.h"
SCORE_LOCALS
void main() {
#include "block_scores.inc"
}
