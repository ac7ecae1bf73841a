#version 460
// Entries of each block in a chunk of rows; see list_transpose.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INDEX_BUFFER(0, ENTRIES)
INDEX_BUFFER(1, LENGTHS)
INT_BUFFER(2, COUNTS)
#include "list_transpose.h"
LOCAL_ARRAY(int, counters, SPAN)
void main() {
#include "list_count.inc"
}
