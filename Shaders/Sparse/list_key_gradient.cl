// Gradients of keys and values of attention over lists of key blocks, given δ and transposed lists; see
// list_front.h and attention_key_gradient.h.
#define K_DTYPE Q_DTYPE
#define V_DTYPE Q_DTYPE
#define LSE_DTYPE 0
#define DELTA_DTYPE 0
#define DO_DTYPE O_DTYPE
#define DK_DTYPE GRADIENT_DTYPE
#define DV_DTYPE GRADIENT_DTYPE
#define STATE_DTYPE 0
#define ATTENTION_LISTS
#include "prelude.h"
#include "attention_key_gradient.h"
__kernel __attribute__((reqd_work_group_size(WORK_R *WORK_C, 1, 1))) void list_key_gradient(
    INPUT_ARG(Q), INPUT_ARG(K), INPUT_ARG(V), INDEX_ARG(ENTRIES), INDEX_ARG(LENGTHS),
    INDEX_ARG(OFFSETS), INDEX_ARG(CU_Q), INDEX_ARG(CU_K), INPUT_ARG(LSE), INPUT_ARG(DELTA),
    INPUT_ARG(DO), OUTPUT_ARG(DK), OUTPUT_ARG(DV), OUTPUT_ARG(STATE), OFFSET_ARG(Q),
    OFFSET_ARG(K), OFFSET_ARG(V), OFFSET_ARG(ENTRIES), OFFSET_ARG(LENGTHS), OFFSET_ARG(OFFSETS),
    OFFSET_ARG(CU_Q), OFFSET_ARG(CU_K), OFFSET_ARG(LSE), OFFSET_ARG(DELTA), OFFSET_ARG(DO),
    OFFSET_ARG(DK), OFFSET_ARG(DV), OFFSET_ARG(STATE), Constants p) {
  BIND_INPUT(Q) BIND_INPUT(K) BIND_INPUT(V) BIND_INDEX(ENTRIES) BIND_INDEX(LENGTHS)
  BIND_INDEX(OFFSETS) BIND_INDEX(CU_Q) BIND_INDEX(CU_K) BIND_INPUT(LSE) BIND_INPUT(DELTA)
  BIND_INPUT(DO) BIND_OUTPUT(DK) BIND_OUTPUT(DV) BIND_OUTPUT(STATE)
  KEY_GRADIENT_LOCALS
#include "attention_key_gradient.inc"
}
