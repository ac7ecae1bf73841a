// Entries of each block in a chunk of rows; see list_transpose.h.
#include "prelude.h"
#include "list_transpose.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void list_count(
    INDEX_ARG(ENTRIES), INDEX_ARG(LENGTHS), INT_ARG(COUNTS), OFFSET_ARG(ENTRIES),
    OFFSET_ARG(LENGTHS), OFFSET_ARG(COUNTS), Constants p) {
  BIND_INDEX(ENTRIES) BIND_INDEX(LENGTHS) BIND_INT(COUNTS)
  LOCAL_ARRAY(int, counters, SPAN)
#include "list_count.inc"
}
