#version 460
// Puts every entry's row into its block's list; see list_transpose.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INDEX_BUFFER(0, ENTRIES)
INDEX_BUFFER(1, LENGTHS)
INDEX_BUFFER(2, COUNTS)
INDEX_BUFFER(3, OFFSETS)
INT_BUFFER(4, ROWS)
#include "list_transpose.h"
LOCAL_ARRAY(int, places, SPAN)
LOCAL_ARRAY(uint, masks, SPAN)
void main() {
#include "list_scatter.inc"
}
