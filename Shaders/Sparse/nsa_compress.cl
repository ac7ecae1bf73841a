// Joins tokens over windows; see nsa_compress.h.
#define WEIGHTS_DTYPE 0
#include "prelude.h"
#include "columns.h"
#include "nsa_compress.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void nsa_compress(
    INPUT_ARG(IN), INPUT_ARG(WEIGHTS), OUTPUT_ARG(OUT), OFFSET_ARG(IN), OFFSET_ARG(WEIGHTS),
    OFFSET_ARG(OUT), Constants p) {
  BIND_INPUT(IN) BIND_INPUT(WEIGHTS) BIND_OUTPUT(OUT)
#include "nsa_compress.inc"
}
