// OpenCL form of fma_peak; see fma_peak.inc.
#define OUT_DTYPE 0
#include "prelude.h"
#include "hpc.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void fma_peak(
    OUTPUT_ARG(OUT), OFFSET_ARG(OUT), Constants p) {
  BIND_OUTPUT(OUT)
#include "fma_peak.inc"
}
