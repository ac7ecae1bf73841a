// Lists from a dense mask; see list_mask.h.
#include "prelude.h"
#include "list_bitmap.h"
#include "list_mask.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void list_mask(
    INDEX_ARG(MASK), INT_ARG(INDICES), INT_ARG(COUNTS), OFFSET_ARG(MASK), OFFSET_ARG(INDICES),
    OFFSET_ARG(COUNTS), Constants p) {
  BIND_INDEX(MASK) BIND_INT(INDICES) BIND_INT(COUNTS)
  BITMAP_LOCALS
#include "list_mask.inc"
}
