#version 460
// One invocation computes one element of D, straight from the definition; see gemm_common.h.
// variant: split -DSPLIT=1
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
#include "gemm_common.h"
#include "gemm_buffers.h"
void main() {
#include "gemm_naive.inc"
}
