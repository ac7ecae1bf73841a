#version 460
// Vulkan form of spmv; see spmv.inc.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INDEX_BUFFER(0, ROWS)
INDEX_BUFFER(1, COLUMNS)
INPUT_BUFFER(2, VALUES, 3)
INPUT_BUFFER(3, X, 4)
OUTPUT_BUFFER(4, Y, 5)
#include "hpc.h"
LOCAL_ARRAY(float, partial, 64)
void main() {
#include "spmv.inc"
}
