// Union or intersection of two lists; see list_combine.h.
#include "prelude.h"
#include "list_bitmap.h"
#include "list_combine.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void list_combine(
    INDEX_ARG(FIRST), INDEX_ARG(FIRST_COUNTS), INDEX_ARG(SECOND), INDEX_ARG(SECOND_COUNTS),
    INT_ARG(INDICES), INT_ARG(COUNTS), OFFSET_ARG(FIRST), OFFSET_ARG(FIRST_COUNTS),
    OFFSET_ARG(SECOND), OFFSET_ARG(SECOND_COUNTS), OFFSET_ARG(INDICES), OFFSET_ARG(COUNTS),
    Constants p) {
  BIND_INDEX(FIRST) BIND_INDEX(FIRST_COUNTS) BIND_INDEX(SECOND) BIND_INDEX(SECOND_COUNTS)
  BIND_INT(INDICES) BIND_INT(COUNTS)
  COMBINE_LOCALS
#include "list_combine.inc"
}
