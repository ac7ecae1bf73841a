// Lists of key blocks by rule; see pattern_rows.h.
#include "prelude.h"
#include "list_bitmap.h"
#define PATTERN_PICTURES PICTURES
#include "pattern_rule.h"
#include "pattern_rows.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void pattern_rows(
    INDEX_ARG(TABLE), INDEX_ARG(COLUMNS), INDEX_ARG(SLASHES), INT_ARG(INDICES), INT_ARG(COUNTS),
    OFFSET_ARG(TABLE), OFFSET_ARG(COLUMNS), OFFSET_ARG(SLASHES), OFFSET_ARG(INDICES),
    OFFSET_ARG(COUNTS), Constants p) {
  BIND_INDEX(TABLE) BIND_INDEX(COLUMNS) BIND_INDEX(SLASHES) BIND_INT(INDICES) BIND_INT(COUNTS)
  BITMAP_LOCALS
#include "pattern_rows.inc"
}
