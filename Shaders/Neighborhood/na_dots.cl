// Dot products of queries with their windows' keys; see na_halves.h.
#define X_DTYPE W_DTYPE
#define Y_DTYPE W_DTYPE
#define OUT_DTYPE W_DTYPE
#define BIAS_DTYPE 0
#include "prelude.h"
#include "columns.h"
#include "na_grid.h"
#include "na_halves.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void na_dots(
    INPUT_ARG(X), INPUT_ARG(Y), INDEX_ARG(MASK), INPUT_ARG(BIAS), OUTPUT_ARG(OUT),
    OFFSET_ARG(X), OFFSET_ARG(Y), OFFSET_ARG(MASK), OFFSET_ARG(BIAS), OFFSET_ARG(OUT), Constants
    p) {
  BIND_INPUT(X) BIND_INPUT(Y) BIND_INDEX(MASK) BIND_INPUT(BIAS) BIND_OUTPUT(OUT)
#include "na_dots.inc"
}
