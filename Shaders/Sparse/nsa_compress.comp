#version 460
// Joins tokens over windows; see nsa_compress.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
#include "columns.h"
WORKGROUP;
INPUT_BUFFER(0, IN, 3)
INPUT_BUFFER(1, WEIGHTS, 5)
OUTPUT_BUFFER(2, OUT, 4)
#include "nsa_compress.h"
void main() {
#include "nsa_compress.inc"
}
