#version 460
// Lists from a dense mask; see list_mask.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INDEX_BUFFER(0, MASK)
INT_BUFFER(1, INDICES)
INT_BUFFER(2, COUNTS)
#include "list_bitmap.h"
#include "list_mask.h"
BITMAP_LOCALS
void main() {
#include "list_mask.inc"
}
