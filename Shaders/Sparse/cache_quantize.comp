#version 460
// Codes of elements; see cache_quantize.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
#include "octets.h"
#include "columns.h"
WORKGROUP;
INPUT_BUFFER(0, X, 3)
INPUT_OCTETS(0, X)
INT_BUFFER(1, CODES)
OUTPUT_BUFFER(2, P, 4)
#include "cache_quantize.h"
QUANTIZE_LOCALS
void main() {
#include "cache_quantize.inc"
}
