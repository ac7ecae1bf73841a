// OpenCL form of spmv; see spmv.inc.
#define VALUES_DTYPE 0
#define X_DTYPE 0
#define Y_DTYPE 0
#include "prelude.h"
#include "hpc.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void spmv(
    INDEX_ARG(ROWS), INDEX_ARG(COLUMNS), INPUT_ARG(VALUES), INPUT_ARG(X), OUTPUT_ARG(Y),
    OFFSET_ARG(ROWS), OFFSET_ARG(COLUMNS), OFFSET_ARG(VALUES), OFFSET_ARG(X), OFFSET_ARG(Y),
    Constants p) {
  BIND_INDEX(ROWS) BIND_INDEX(COLUMNS) BIND_INPUT(VALUES) BIND_INPUT(X) BIND_OUTPUT(Y)
  LOCAL_ARRAY(float, partial, 64)
#include "spmv.inc"
}
