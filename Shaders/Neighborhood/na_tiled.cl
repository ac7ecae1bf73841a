// Fused neighborhood attention; see na_tiled.h.
#define LSE_DTYPE 0
#define STATE_DTYPE 0
#define K_DTYPE Q_DTYPE
#define V_DTYPE Q_DTYPE
#define EXTRA_K_DTYPE Q_DTYPE
#define EXTRA_V_DTYPE Q_DTYPE
#include "prelude.h"
#include "neighborhood_index.h"
#include "na_tiled.h"
__kernel __attribute__((reqd_work_group_size(WORK_Q *WORK_K, 1, 1))) void na_tiled(
    INPUT_ARG(Q), INPUT_ARG(K), INPUT_ARG(V), INPUT_ARG(EXTRA_K), INPUT_ARG(EXTRA_V),
    OUTPUT_ARG(O), OUTPUT_ARG(LSE), OUTPUT_ARG(STATE), OFFSET_ARG(Q), OFFSET_ARG(K), OFFSET_ARG(V),
    OFFSET_ARG(EXTRA_K), OFFSET_ARG(EXTRA_V), OFFSET_ARG(O), OFFSET_ARG(LSE), OFFSET_ARG(STATE),
    Constants p) {
  BIND_INPUT(Q) BIND_INPUT(K) BIND_INPUT(V) BIND_INPUT(EXTRA_K) BIND_INPUT(EXTRA_V)
  BIND_OUTPUT(O) BIND_OUTPUT(LSE) BIND_OUTPUT(STATE)
  NA_LOCALS
#include "na_tiled.inc"
}
