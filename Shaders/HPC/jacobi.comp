#version 460
// Vulkan form of jacobi; see jacobi.inc.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INPUT_BUFFER(0, U, 3)
INPUT_BUFFER(1, F, 4)
OUTPUT_BUFFER(2, V, 5)
#include "hpc.h"
void main() {
#include "jacobi.inc"
}
