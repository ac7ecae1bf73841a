// OpenCL form of jacobi; see jacobi.inc.
#define U_DTYPE 0
#define F_DTYPE 0
#define V_DTYPE 0
#include "prelude.h"
#include "hpc.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void jacobi(
    INPUT_ARG(U), INPUT_ARG(F), OUTPUT_ARG(V), OFFSET_ARG(U), OFFSET_ARG(F), OFFSET_ARG(V),
    Constants p) {
  BIND_INPUT(U) BIND_INPUT(F) BIND_OUTPUT(V)
#include "jacobi.inc"
}
