#version 460
// Row lists from short lists of blocks; see list_rows.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
#include "columns.h"
WORKGROUP;
INDEX_BUFFER(0, INDICES)
INDEX_BUFFER(1, COUNTS)
INDEX_BUFFER(2, CU_Q)
INDEX_BUFFER(3, CU_K)
INT_BUFFER(4, ENTRIES)
INT_BUFFER(5, LENGTHS)
#include "list_rows.h"
void main() {
#include "list_rows_short.inc"
}
