// OpenCL form of cg_start; see cg_start.inc.
#define B_DTYPE 0
#define X_DTYPE 0
#define R_DTYPE 0
#define P_DTYPE 0
#include "prelude.h"
#include "hpc.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void cg_start(
    INPUT_ARG(B), OUTPUT_ARG(X), OUTPUT_ARG(R), OUTPUT_ARG(P), OFFSET_ARG(B), OFFSET_ARG(X),
    OFFSET_ARG(R), OFFSET_ARG(P), Constants p) {
  BIND_INPUT(B) BIND_OUTPUT(X) BIND_OUTPUT(R) BIND_OUTPUT(P)
#include "cg_start.inc"
}
