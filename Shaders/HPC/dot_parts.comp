#version 460
// Vulkan form of dot_parts; see dot_parts.inc.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INPUT_BUFFER(0, X, 3)
INPUT_BUFFER(1, Y, 4)
OUTPUT_BUFFER(2, PARTS, 5)
#include "hpc.h"
LOCAL_ARRAY(float, partial, 64)
void main() {
#include "dot_parts.inc"
}
