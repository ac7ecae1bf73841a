// Weighted sums over the windows of queries; see na_halves.h.
#define Y_DTYPE W_DTYPE
#define OUT_DTYPE W_DTYPE
#include "prelude.h"
#include "columns.h"
#include "na_grid.h"
#include "na_halves.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void na_gather_rows(
    INPUT_ARG(W), INPUT_ARG(Y), INDEX_ARG(MASK), OUTPUT_ARG(OUT), OFFSET_ARG(W), OFFSET_ARG(Y),
    OFFSET_ARG(MASK), OFFSET_ARG(OUT), Constants p) {
  BIND_INPUT(W) BIND_INPUT(Y) BIND_INDEX(MASK) BIND_OUTPUT(OUT)
#include "na_gather_rows.inc"
}
