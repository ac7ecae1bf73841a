// OpenCL form of cg_direction; see cg_direction.inc.
#define NEW_DTYPE 0
#define OLD_DTYPE 0
#define R_DTYPE 0
#define P_DTYPE 0
#include "prelude.h"
#include "hpc.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void cg_direction(
    INPUT_ARG(NEW), INPUT_ARG(OLD), INPUT_ARG(R), OUTPUT_ARG(P), OFFSET_ARG(NEW), OFFSET_ARG(OLD),
    OFFSET_ARG(R), OFFSET_ARG(P), Constants p) {
  BIND_INPUT(NEW) BIND_INPUT(OLD) BIND_INPUT(R) BIND_OUTPUT(P)
  LOCAL_ARRAY(float, partial, 64)
#include "cg_direction.inc"
}
