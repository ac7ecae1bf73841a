// Row lists from short lists of blocks; see list_rows.h.
#include "prelude.h"
#include "columns.h"
#include "list_rows.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void list_rows_short(
    INDEX_ARG(INDICES), INDEX_ARG(COUNTS), INDEX_ARG(CU_Q), INDEX_ARG(CU_K), INT_ARG(ENTRIES),
    INT_ARG(LENGTHS), OFFSET_ARG(INDICES), OFFSET_ARG(COUNTS), OFFSET_ARG(CU_Q), OFFSET_ARG(CU_K),
    OFFSET_ARG(ENTRIES), OFFSET_ARG(LENGTHS), Constants p) {
  BIND_INDEX(INDICES) BIND_INDEX(COUNTS) BIND_INDEX(CU_Q) BIND_INDEX(CU_K) BIND_INT(ENTRIES)
  BIND_INT(LENGTHS)
#include "list_rows_short.inc"
}
