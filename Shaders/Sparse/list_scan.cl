// Sums of the blocks before each; see list_transpose.h.
#include "prelude.h"
#include "list_transpose.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void list_scan(
    INT_ARG(OFFSETS), OFFSET_ARG(OFFSETS), Constants p) {
  BIND_INT(OFFSETS)
  LOCAL_ARRAY(int, partial, 64)
#include "list_scan.inc"
}
