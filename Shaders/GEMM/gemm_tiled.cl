// Tiled matrix product; see gemm_tiled.h.
#include "prelude.h"
#include "gemm_common.h"
#include "gemm_tiled.h"
__kernel __attribute__((reqd_work_group_size(THREADS_N, THREADS_M, 1))) void gemm_tiled(
    GEMM_ARGUMENTS) {
  GEMM_BIND
  GEMM_TILED_LOCALS
#include "gemm_tiled.inc"
}
