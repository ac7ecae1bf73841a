// Forward attention over boxes of tokens on Hopper's tensor cores; see attention_hopper.h.
#define K_DTYPE Q_DTYPE
#define V_DTYPE Q_DTYPE
#define EXTRA_K_DTYPE Q_DTYPE
#define EXTRA_V_DTYPE Q_DTYPE
#define BIAS_DTYPE 0
#define LSE_DTYPE 0
#define STATE_DTYPE 0
#include "prelude.h"
#include "hopper_ptx.h"
#include "mma_ptx.h"
#include "attention_hopper.h"
#include "attention_wgmma.h"

__kernel __attribute__((reqd_work_group_size(THREADS, 1, 1))) void attention_hopper(
    INPUT_ARG(Q), INPUT_ARG(K), INPUT_ARG(V), INPUT_ARG(EXTRA_K), INPUT_ARG(EXTRA_V),
    INPUT_ARG(BIAS), INDEX_ARG(MASK), INDEX_ARG(CU_Q), INDEX_ARG(CU_K), OUTPUT_ARG(O),
    OUTPUT_ARG(LSE), OUTPUT_ARG(STATE), OFFSET_ARG(Q), OFFSET_ARG(K), OFFSET_ARG(V),
    OFFSET_ARG(EXTRA_K), OFFSET_ARG(EXTRA_V), OFFSET_ARG(BIAS), OFFSET_ARG(MASK), OFFSET_ARG(CU_Q),
    OFFSET_ARG(CU_K), OFFSET_ARG(O), OFFSET_ARG(LSE), OFFSET_ARG(STATE), Constants p) {
  BIND_INPUT(Q) BIND_INPUT(K) BIND_INPUT(V) BIND_INPUT(EXTRA_K) BIND_INPUT(EXTRA_V)
  BIND_INPUT(BIAS) BIND_INDEX(MASK) BIND_INDEX(CU_Q) BIND_INDEX(CU_K) BIND_OUTPUT(O)
  BIND_OUTPUT(LSE)
  HOPPER_TILE_LOCALS
#include "attention_hopper.inc"
}
