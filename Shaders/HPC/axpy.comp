#version 460
// Vulkan form of axpy; see axpy.inc.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INPUT_BUFFER(0, X, 3)
INPUT_BUFFER(1, Y, 4)
OUTPUT_BUFFER(2, Z, 5)
#include "hpc.h"
void main() {
#include "axpy.inc"
}
