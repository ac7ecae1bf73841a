#version 460
// Vulkan form of stream_read; see stream_read.inc.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INPUT_BUFFER(0, IN, 3)
OUTPUT_BUFFER(1, OUT, 4)
#include "hpc.h"
void main() {
#include "stream_read.inc"
}
