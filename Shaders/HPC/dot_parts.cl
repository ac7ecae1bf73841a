// OpenCL form of dot_parts; see dot_parts.inc.
#define X_DTYPE 0
#define Y_DTYPE 0
#define PARTS_DTYPE 0
#include "prelude.h"
#include "hpc.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void dot_parts(
    INPUT_ARG(X), INPUT_ARG(Y), OUTPUT_ARG(PARTS), OFFSET_ARG(X), OFFSET_ARG(Y),
    OFFSET_ARG(PARTS), Constants p) {
  BIND_INPUT(X) BIND_INPUT(Y) BIND_OUTPUT(PARTS)
  LOCAL_ARRAY(float, partial, 64)
#include "dot_parts.inc"
}
