// Merges parts of an attention; see attention_merge.h.
#define PART_LSE_DTYPE 0
#define LSE_DTYPE 0
#include "prelude.h"
#include "columns.h"
#include "attention_merge.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void attention_merge(
    INPUT_ARG(PARTS), INPUT_ARG(PART_LSE), OUTPUT_ARG(O), OUTPUT_ARG(LSE), OFFSET_ARG(PARTS),
    OFFSET_ARG(PART_LSE), OFFSET_ARG(O), OFFSET_ARG(LSE), Constants p) {
  BIND_INPUT(PARTS) BIND_INPUT(PART_LSE) BIND_OUTPUT(O) BIND_OUTPUT(LSE)
#include "attention_merge.inc"
}
