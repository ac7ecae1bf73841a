// OpenCL form of stream_write; see stream_write.inc.
#define OUT_DTYPE 0
#include "prelude.h"
#include "hpc.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void stream_write(
    OUTPUT_ARG(OUT), OFFSET_ARG(OUT), Constants p) {
  BIND_OUTPUT(OUT)
#include "stream_write.inc"
}
