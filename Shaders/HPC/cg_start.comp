#version 460
// Vulkan form of cg_start; see cg_start.inc.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INPUT_BUFFER(0, B, 3)
OUTPUT_BUFFER(1, X, 4)
OUTPUT_BUFFER(2, R, 5)
OUTPUT_BUFFER(3, P, 6)
#include "hpc.h"
void main() {
#include "cg_start.inc"
}
