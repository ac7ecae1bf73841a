// Matrix product from registers; see gemm_direct.h.
#include "prelude.h"
#include "gemm_common.h"
#include "gemm_direct.h"
__kernel __attribute__((reqd_work_group_size(LANES, 1, 1))) void gemm_direct(GEMM_ARGUMENTS) {
  GEMM_BIND
#include "gemm_direct.inc"
}
