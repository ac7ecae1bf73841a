// Sums partial tensors; see attention_sum.h.
#define PARTS_DTYPE 0
#include "prelude.h"
#include "columns.h"
#include "attention_sum.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void attention_sum(
    INPUT_ARG(PARTS), OUTPUT_ARG(SUM), OFFSET_ARG(PARTS), OFFSET_ARG(SUM), Constants p) {
  BIND_INPUT(PARTS) BIND_OUTPUT(SUM)
#include "attention_sum.inc"
}
