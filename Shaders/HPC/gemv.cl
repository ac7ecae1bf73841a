// OpenCL form of gemv; see gemv.inc.
#define A_DTYPE 0
#define X_DTYPE 0
#define Y_DTYPE 0
#include "prelude.h"
#include "hpc.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void gemv(
    INPUT_ARG(A), INPUT_ARG(X), OUTPUT_ARG(Y), OFFSET_ARG(A), OFFSET_ARG(X), OFFSET_ARG(Y),
    Constants p) {
  BIND_INPUT(A) BIND_INPUT(X) BIND_OUTPUT(Y)
  LOCAL_ARRAY(float, partial, 64)
#include "gemv.inc"
}
