// Joins the parts of rows over their blocks; see list_join.h.
#define PARTS_DTYPE 0
#define PART_LSE_DTYPE 0
#define SINKS_DTYPE 0
#define LSE_DTYPE 0
#include "prelude.h"
#include "columns.h"
#include "list_join.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void list_join(
    INPUT_ARG(PARTS), INPUT_ARG(PART_LSE), INDEX_ARG(LENGTHS), INDEX_ARG(CU_Q), INDEX_ARG(CU_K),
    INPUT_ARG(SINKS), OUTPUT_ARG(O), OUTPUT_ARG(LSE), OFFSET_ARG(PARTS), OFFSET_ARG(PART_LSE),
    OFFSET_ARG(LENGTHS), OFFSET_ARG(CU_Q), OFFSET_ARG(CU_K), OFFSET_ARG(SINKS), OFFSET_ARG(O),
    OFFSET_ARG(LSE), Constants p) {
  BIND_INPUT(PARTS) BIND_INPUT(PART_LSE) BIND_INDEX(LENGTHS) BIND_INDEX(CU_Q) BIND_INDEX(CU_K)
  BIND_INPUT(SINKS) BIND_OUTPUT(O) BIND_OUTPUT(LSE)
#include "list_join.inc"
}
