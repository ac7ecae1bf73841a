#version 460
// Elements of codes; see cache_dequantize.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
#include "cache_codes.h"
#include "columns.h"
WORKGROUP;
INPUT_BUFFER(0, X, 3)
INPUT_OCTETS(0, X)
INPUT_CODES(X)
INPUT_BUFFER(1, X_PARAMETERS, 5)
INPUT_OCTETS(1, X_PARAMETERS)
OUTPUT_BUFFER(2, OUT, 4)
#include "cache_dequantize.h"
void main() {
#include "cache_dequantize.inc"
}
