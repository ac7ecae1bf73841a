#version 460
// Vulkan form of fma_peak; see fma_peak.inc.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
OUTPUT_BUFFER(0, OUT, 3)
#include "hpc.h"
void main() {
#include "fma_peak.inc"
}
