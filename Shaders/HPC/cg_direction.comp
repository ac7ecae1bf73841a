#version 460
// Vulkan form of cg_direction; see cg_direction.inc.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INPUT_BUFFER(0, NEW, 3)
INPUT_BUFFER(1, OLD, 4)
INPUT_BUFFER(2, R, 5)
OUTPUT_BUFFER(3, P, 6)
#include "hpc.h"
LOCAL_ARRAY(float, partial, 64)
void main() {
#include "cg_direction.inc"
}
