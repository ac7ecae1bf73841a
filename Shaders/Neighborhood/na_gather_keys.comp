#version 460
// Weighted sums over the queries that attend a key; see na_halves.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
#include "columns.h"
WORKGROUP;
INPUT_BUFFER(0, W, 3)
INPUT_BUFFER(1, X, 4)
INDEX_BUFFER(2, MASK)
OUTPUT_BUFFER(3, OUT, 5)
#include "na_grid.h"
#include "na_halves.h"
void main() {
#include "na_gather_keys.inc"
}
