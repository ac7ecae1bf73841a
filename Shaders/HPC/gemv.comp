#version 460
// Vulkan form of gemv; see gemv.inc.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INPUT_BUFFER(0, A, 3)
INPUT_BUFFER(1, X, 4)
OUTPUT_BUFFER(2, Y, 5)
#include "hpc.h"
LOCAL_ARRAY(float, partial, 64)
void main() {
#include "gemv.inc"
}
