#version 460
// Gradient of sink logits; see list_sink_gradient.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INPUT_BUFFER(0, SINKS, 3)
INPUT_BUFFER(1, LSE, 5)
INPUT_BUFFER(2, DELTA, 6)
OUTPUT_BUFFER(3, OUT, 4)
#include "list_sink_gradient.h"
SINK_GRADIENT_LOCALS
void main() {
#include "list_sink_gradient.inc"
}
