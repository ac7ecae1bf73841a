// Scores of blocks of keys; see block_scores.h.
#define LSE_DTYPE 0
#define SCORES_DTYPE 0
#include "prelude.h"
#include "columns.h"
#include "block_scores.h"
__kernel __attribute__((reqd_work_group_size(128, 1, 1))) void block_scores(
    INPUT_ARG(Q), INPUT_ARG(K), INPUT_ARG(LSE), OUTPUT_ARG(SCORES), OFFSET_ARG(Q), OFFSET_ARG(K),
    OFFSET_ARG(LSE), OFFSET_ARG(SCORES), Constants p) {
  BIND_INPUT(Q) BIND_INPUT(K) BIND_INPUT(LSE) BIND_OUTPUT(SCORES)
  SCORE_LOCALS
#include "block_scores.inc"
}
