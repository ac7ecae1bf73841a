#version 460
// Sums of the blocks before each; see list_transpose.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INT_BUFFER(0, OFFSETS)
#include "list_transpose.h"
LOCAL_ARRAY(int, partial, 64)
void main() {
#include "list_scan.inc"
}
