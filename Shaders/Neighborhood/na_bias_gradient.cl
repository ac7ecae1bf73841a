// Gradient of the relative-position bias; see na_bias_gradient.h.
#define K_DTYPE Q_DTYPE
#define V_DTYPE Q_DTYPE
#define BIAS_DTYPE 0
#define LSE_DTYPE 0
#define DELTA_DTYPE 0
#define OUT_DTYPE 0
#include "prelude.h"
#include "na_grid.h"
#include "na_bias_gradient.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void na_bias_gradient(
    INPUT_ARG(Q), INPUT_ARG(K), INPUT_ARG(V), INPUT_ARG(DO), INDEX_ARG(MASK), INPUT_ARG(BIAS),
    INPUT_ARG(LSE), INPUT_ARG(DELTA), OUTPUT_ARG(OUT), OFFSET_ARG(Q), OFFSET_ARG(K), OFFSET_ARG(V),
    OFFSET_ARG(DO), OFFSET_ARG(MASK), OFFSET_ARG(BIAS), OFFSET_ARG(LSE), OFFSET_ARG(DELTA),
    OFFSET_ARG(OUT), Constants p) {
  BIND_INPUT(Q) BIND_INPUT(K) BIND_INPUT(V) BIND_INPUT(DO) BIND_INDEX(MASK) BIND_INPUT(BIAS)
  BIND_INPUT(LSE) BIND_INPUT(DELTA) BIND_OUTPUT(OUT)
  BIAS_LOCALS
#include "na_bias_gradient.inc"
}
