#version 460
// Gradient of tokens in windows; see nsa_spread.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
#include "columns.h"
WORKGROUP;
INPUT_BUFFER(0, A, 3)
INPUT_BUFFER(1, B, 4)
INPUT_BUFFER(2, WINDOWS, 5)
INPUT_BUFFER(3, WEIGHTS, 11)
OUTPUT_BUFFER(4, OUT, 6)
#include "nsa_spread.h"
void main() {
#include "nsa_spread.inc"
}
