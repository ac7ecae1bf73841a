// Row sums of O∘dO; see attention_delta.h.
#define DO_DTYPE O_DTYPE
#define DELTA_DTYPE 0
#include "prelude.h"
#include "columns.h"
#include "attention_delta.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void attention_delta(
    INPUT_ARG(O), INPUT_ARG(DO), OUTPUT_ARG(DELTA), OFFSET_ARG(O), OFFSET_ARG(DO),
    OFFSET_ARG(DELTA), Constants p) {
  BIND_INPUT(O) BIND_INPUT(DO) BIND_OUTPUT(DELTA)
  DELTA_LOCALS
#include "attention_delta.inc"
}
