// Attention of a few queries to many keys in pages; see decode_forward.h.
#define K_DTYPE Q_DTYPE
#define V_DTYPE Q_DTYPE
#define SINKS_DTYPE 0
#define LSE_DTYPE 0
#include "prelude.h"
#include "octets.h"
#include "tanh.h"
#include "decode_forward.h"
__kernel __attribute__((reqd_work_group_size(THREADS, 1, 1))) void decode_forward(
    INPUT_ARG(Q), INPUT_ARG(K), INPUT_ARG(V), INDEX_ARG(ENTRIES), INDEX_ARG(LENGTHS),
    INDEX_ARG(TABLE), INDEX_ARG(CU_K), INPUT_ARG(SINKS), OUTPUT_ARG(O), OUTPUT_ARG(LSE),
    OFFSET_ARG(Q), OFFSET_ARG(K), OFFSET_ARG(V), OFFSET_ARG(ENTRIES), OFFSET_ARG(LENGTHS),
    OFFSET_ARG(TABLE), OFFSET_ARG(CU_K), OFFSET_ARG(SINKS), OFFSET_ARG(O), OFFSET_ARG(LSE),
    Constants p) {
  BIND_INPUT(Q) BIND_INPUT(K) BIND_INPUT(V) BIND_INDEX(ENTRIES) BIND_INDEX(LENGTHS)
  BIND_INDEX(TABLE) BIND_INDEX(CU_K) BIND_INPUT(SINKS) BIND_OUTPUT(O) BIND_OUTPUT(LSE)
  DECODE_LOCALS
#include "decode_forward.inc"
}
