// OpenCL form of cg_step; see cg_step.inc.
#define RR_DTYPE 0
#define PQ_DTYPE 0
#define P_DTYPE 0
#define Q_DTYPE 0
#define X_DTYPE 0
#define R_DTYPE 0
#include "prelude.h"
#include "hpc.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void cg_step(
    INPUT_ARG(RR), INPUT_ARG(PQ), INPUT_ARG(P), INPUT_ARG(Q), OUTPUT_ARG(X), OUTPUT_ARG(R),
    OFFSET_ARG(RR), OFFSET_ARG(PQ), OFFSET_ARG(P), OFFSET_ARG(Q), OFFSET_ARG(X), OFFSET_ARG(R),
    Constants p) {
  BIND_INPUT(RR) BIND_INPUT(PQ) BIND_INPUT(P) BIND_INPUT(Q) BIND_OUTPUT(X) BIND_OUTPUT(R)
  LOCAL_ARRAY(float, partial, 64)
#include "cg_step.inc"
}
