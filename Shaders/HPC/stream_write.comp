#version 460
// Vulkan form of stream_write; see stream_write.inc.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
OUTPUT_BUFFER(0, OUT, 3)
#include "hpc.h"
void main() {
#include "stream_write.inc"
}
