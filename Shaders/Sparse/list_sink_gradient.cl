// Gradient of sink logits; see list_sink_gradient.h.
#define SINKS_DTYPE 0
#define LSE_DTYPE 0
#define DELTA_DTYPE 0
#define OUT_DTYPE 0
#include "prelude.h"
#include "list_sink_gradient.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void list_sink_gradient(
    INPUT_ARG(SINKS), INPUT_ARG(LSE), INPUT_ARG(DELTA), OUTPUT_ARG(OUT), OFFSET_ARG(SINKS),
    OFFSET_ARG(LSE), OFFSET_ARG(DELTA), OFFSET_ARG(OUT), Constants p) {
  BIND_INPUT(SINKS) BIND_INPUT(LSE) BIND_INPUT(DELTA) BIND_OUTPUT(OUT)
  SINK_GRADIENT_LOCALS
#include "list_sink_gradient.inc"
}
