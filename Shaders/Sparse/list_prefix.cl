// Entries of each block before a chunk, and in all; see list_transpose.h.
#include "prelude.h"
#include "columns.h"
#include "list_transpose.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void list_prefix(
    INT_ARG(COUNTS), INT_ARG(OFFSETS), OFFSET_ARG(COUNTS), OFFSET_ARG(OFFSETS), Constants p) {
  BIND_INT(COUNTS) BIND_INT(OFFSETS)
#include "list_prefix.inc"
}
