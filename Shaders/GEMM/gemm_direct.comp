#version 460
// Matrix product from registers; see gemm_direct.h.
// variant: subgroup -DSUBGROUP
// variant: split -DSPLIT=1
// variant: subgroup_split -DSUBGROUP -DSPLIT=1
#extension GL_GOOGLE_include_directive : require
#ifdef SUBGROUP
#extension GL_KHR_shader_subgroup_ballot : require
#endif
#include "prelude.h"
WORKGROUP;
#include "gemm_common.h"
#include "gemm_buffers.h"
#include "gemm_direct.h"
void main() {
#include "gemm_direct.inc"
}
