// OpenCL form of stream_read; see stream_read.inc.
#define IN_DTYPE 0
#define OUT_DTYPE 0
#include "prelude.h"
#include "hpc.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void stream_read(
    INPUT_ARG(IN), OUTPUT_ARG(OUT), OFFSET_ARG(IN), OFFSET_ARG(OUT), Constants p) {
  BIND_INPUT(IN) BIND_OUTPUT(OUT)
#include "stream_read.inc"
}
