// Selects the best blocks of every row; see select_blocks.h.
#include "prelude.h"
#include "select_blocks.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void select_blocks(
    INPUT_ARG(SCORES), INT_OUTPUT_ARG(INDICES), INT_OUTPUT_ARG(COUNTS), OFFSET_ARG(SCORES),
    OFFSET_ARG(INDICES), OFFSET_ARG(COUNTS), Constants p) {
  BIND_INPUT(SCORES) BIND_INT_OUTPUT(INDICES) BIND_INT_OUTPUT(COUNTS)
  SELECT_LOCALS
#include "select_blocks.inc"
}
