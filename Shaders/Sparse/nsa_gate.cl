// Gates of native sparse attention; see nsa_gate.h.
#define O0_DTYPE O_DTYPE
#define O1_DTYPE O_DTYPE
#define O2_DTYPE O_DTYPE
#define OUT_DTYPE O_DTYPE
#define GRADIENTS_DTYPE GATES_DTYPE
#include "prelude.h"
#include "columns.h"
#include "nsa_gate.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void nsa_gate(
    INPUT_ARG(GATES), INPUT_ARG(O0), INPUT_ARG(O1), INPUT_ARG(O2), OUTPUT_ARG(OUT),
    OUTPUT_ARG(GRADIENTS), OFFSET_ARG(GATES), OFFSET_ARG(O0), OFFSET_ARG(O1), OFFSET_ARG(O2),
    OFFSET_ARG(OUT), OFFSET_ARG(GRADIENTS), Constants p) {
  BIND_INPUT(GATES) BIND_INPUT(O0) BIND_INPUT(O1) BIND_INPUT(O2) BIND_OUTPUT(OUT)
  BIND_OUTPUT(GRADIENTS)
  GATE_LOCALS
#include "nsa_gate.inc"
}
