#version 460
// Tiled matrix product; see gemm_tiled.h.
// variant: split -DSPLIT=1
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
#include "gemm_common.h"
#include "gemm_buffers.h"
#include "gemm_tiled.h"
GEMM_TILED_LOCALS
void main() {
#include "gemm_tiled.inc"
}
