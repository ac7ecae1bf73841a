// Forward attention over lists of key blocks on Hopper's tensor cores; see list_front.h and attention_hopper.h.
#define K_DTYPE Q_DTYPE
#define V_DTYPE Q_DTYPE
#define SINKS_DTYPE 0
#define LSE_DTYPE 0
#define STATE_DTYPE 0
#define ATTENTION_LISTS
#define PAGE_NUMBER(i) LOAD_INT(TABLE, i)
#include "prelude.h"
#include "hopper_ptx.h"
#include "mma_ptx.h"
#include "attention_hopper.h"
#include "attention_wgmma.h"

__kernel __attribute__((reqd_work_group_size(THREADS, 1, 1))) void list_hopper(
    INPUT_ARG(Q), INPUT_ARG(K), INPUT_ARG(V), INDEX_ARG(ENTRIES), INDEX_ARG(LENGTHS),
    INDEX_ARG(CHUNKS), INDEX_ARG(TABLE), INDEX_ARG(CU_Q), INDEX_ARG(CU_K), INPUT_ARG(SINKS),
    OUTPUT_ARG(O), OUTPUT_ARG(LSE), OUTPUT_ARG(STATE), OFFSET_ARG(Q), OFFSET_ARG(K), OFFSET_ARG(V),
    OFFSET_ARG(ENTRIES), OFFSET_ARG(LENGTHS), OFFSET_ARG(CHUNKS), OFFSET_ARG(TABLE),
    OFFSET_ARG(CU_Q), OFFSET_ARG(CU_K), OFFSET_ARG(SINKS), OFFSET_ARG(O), OFFSET_ARG(LSE),
    OFFSET_ARG(STATE), Constants p) {
  BIND_INPUT(Q) BIND_INPUT(K) BIND_INPUT(V) BIND_INDEX(ENTRIES) BIND_INDEX(LENGTHS)
  BIND_INDEX(CHUNKS) BIND_INDEX(TABLE) BIND_INDEX(CU_Q) BIND_INDEX(CU_K) BIND_INPUT(SINKS)
  BIND_OUTPUT(O) BIND_OUTPUT(LSE)
  HOPPER_TILE_LOCALS
#include "attention_hopper.inc"
}
