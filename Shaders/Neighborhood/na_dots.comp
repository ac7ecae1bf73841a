#version 460
// Dot products of queries with their windows' keys; see na_halves.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
#include "columns.h"
WORKGROUP;
INPUT_BUFFER(0, X, 3)
INPUT_BUFFER(1, Y, 4)
INDEX_BUFFER(2, MASK)
INPUT_BUFFER(3, BIAS, 6)
OUTPUT_BUFFER(4, OUT, 5)
#include "na_grid.h"
#include "na_halves.h"
void main() {
#include "na_dots.inc"
}
