#version 460
// The largest elements of vectors, packed; see pruned_pack.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INPUT_BUFFER(0, X, 3)
INT_BUFFER(1, X_BITS)
INT_BUFFER(2, X_OFFSETS)
OUTPUT_BUFFER(3, VALUES, 4)
#include "pruned_pack.h"
PACK_LOCALS
void main() {
#include "pruned_pack.inc"
}
