#version 460
// Union or intersection of two lists; see list_combine.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INDEX_BUFFER(0, FIRST)
INDEX_BUFFER(1, FIRST_COUNTS)
INDEX_BUFFER(2, SECOND)
INDEX_BUFFER(3, SECOND_COUNTS)
INT_BUFFER(4, INDICES)
INT_BUFFER(5, COUNTS)
#include "list_bitmap.h"
#include "list_combine.h"
COMBINE_LOCALS
void main() {
#include "list_combine.inc"
}
