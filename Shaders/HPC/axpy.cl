// OpenCL form of axpy; see axpy.inc.
#define X_DTYPE 0
#define Y_DTYPE 0
#define Z_DTYPE 0
#include "prelude.h"
#include "hpc.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void axpy(
    INPUT_ARG(X), INPUT_ARG(Y), OUTPUT_ARG(Z), OFFSET_ARG(X), OFFSET_ARG(Y), OFFSET_ARG(Z),
    Constants p) {
  BIND_INPUT(X) BIND_INPUT(Y) BIND_OUTPUT(Z)
#include "axpy.inc"
}
