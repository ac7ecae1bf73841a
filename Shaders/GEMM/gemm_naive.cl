// One invocation computes one element of D, straight from the definition; see gemm_common.h. The
// baseline that every other kernel is measured against.
#include "prelude.h"
#include "gemm_common.h"
__kernel void gemm_naive(GEMM_ARGUMENTS) {
  GEMM_BIND
#include "gemm_naive.inc"
}
