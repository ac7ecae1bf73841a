#version 460
// The elements of a pruned cache; see pruned_unpack.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INDEX_BUFFER(0, X_BITS)
INDEX_BUFFER(1, X_OFFSETS)
INPUT_BUFFER(2, X, 3)
OUTPUT_BUFFER(3, OUT, 4)
#include "pruned_unpack.h"
void main() {
#include "pruned_unpack.inc"
}
