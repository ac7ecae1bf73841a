#version 460
// Vulkan form of cg_step; see cg_step.inc.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INPUT_BUFFER(0, RR, 3)
INPUT_BUFFER(1, PQ, 4)
INPUT_BUFFER(2, P, 5)
INPUT_BUFFER(3, Q, 6)
OUTPUT_BUFFER(4, X, 7)
OUTPUT_BUFFER(5, R, 8)
#include "hpc.h"
LOCAL_ARRAY(float, partial, 64)
void main() {
#include "cg_step.inc"
}
