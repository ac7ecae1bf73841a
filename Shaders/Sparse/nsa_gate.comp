#version 460
// Gates of native sparse attention; see nsa_gate.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
#include "columns.h"
WORKGROUP;
INPUT_BUFFER(0, GATES, 7)
INPUT_BUFFER(1, O0, 3)
INPUT_BUFFER(2, O1, 4)
INPUT_BUFFER(3, O2, 5)
OUTPUT_BUFFER(4, OUT, 6)
OUTPUT_BUFFER(5, GRADIENTS, 12)
#include "nsa_gate.h"
GATE_LOCALS
void main() {
#include "nsa_gate.inc"
}
