#version 460
// One invocation computes one element of D, straight from the definition; see gemm_common.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
#include "gemm_buffers.h"
#include "gemm_common.h"
void main() {
#include "gemm_naive.inc"
}
