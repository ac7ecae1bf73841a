#version 460
// Entries of each block before a chunk, and in all; see list_transpose.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
#include "columns.h"
WORKGROUP;
INT_BUFFER(0, COUNTS)
INT_BUFFER(1, OFFSETS)
#include "list_transpose.h"
void main() {
#include "list_prefix.inc"
}
