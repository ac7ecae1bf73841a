// Puts every entry's row into its block's list; see list_transpose.h.
#include "prelude.h"
#include "list_transpose.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void list_scatter(
    INDEX_ARG(ENTRIES), INDEX_ARG(LENGTHS), INDEX_ARG(COUNTS), INDEX_ARG(OFFSETS), INT_ARG(ROWS),
    OFFSET_ARG(ENTRIES), OFFSET_ARG(LENGTHS), OFFSET_ARG(COUNTS), OFFSET_ARG(OFFSETS),
    OFFSET_ARG(ROWS), Constants p) {
  BIND_INDEX(ENTRIES) BIND_INDEX(LENGTHS) BIND_INDEX(COUNTS) BIND_INDEX(OFFSETS) BIND_INT(ROWS)
  LOCAL_ARRAY(int, places, SPAN)
  LOCAL_ARRAY(uint, masks, SPAN)
#include "list_scatter.inc"
}
